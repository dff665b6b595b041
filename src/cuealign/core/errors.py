"""Errors that a user can mend: they carry one clear line and no traceback is shown for them."""

from collections.abc import Iterable


class CuealignError(Exception):
    """Base of all errors with a message meant for the user."""


class ConfigError(CuealignError):
    """The configuration is wrong; the message names the key's path and the values allowed."""


class InputError(CuealignError):
    """A file, a row or a table is wrong; the message names it and says what to do."""


class ModelError(CuealignError):
    """A model cannot be loaded or gives output that cannot be used."""


def raise_all(problems: Iterable[str], *, where: str, show: int = 20) -> None:
    """Raise one InputError that lists every problem found, or return if there is none.

    Args:
        problems: one line each.
        where: the file or table concerned; opens the message.
        show: lines shown at the most; the rest is counted.
    """
    problems = list(problems)
    if not problems:
        return
    lines = [f"{where}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"]
    lines += [f"  - {problem}" for problem in problems[:show]]
    if len(problems) > show:
        lines.append(f"  - … and {len(problems) - show} more")
    raise InputError("\n".join(lines))
