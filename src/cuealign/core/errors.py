"""Errors that a user can correct. The workflow shows their message without a traceback."""

from collections.abc import Iterable


class CuealignError(Exception):
    """Base of all errors whose message is for the user."""


class ConfigError(CuealignError):
    """The configuration is wrong; the message names the path of the key and the allowed values."""


class InputError(CuealignError):
    """A file, a row or a table is wrong; the message names it and says what to do."""


class ModelError(CuealignError):
    """A model cannot be loaded, or its output cannot be used."""


MOST_CHARACTERS = 600
"""Of one problem in a list. A cell of a table may be as long as a book."""


def raise_all(problems: Iterable[str], *, where: str, show: int = 20) -> None:
    """Raise one InputError that lists all problems; do nothing if there are none.

    Args:
        problems: one line each.
        where: file or table with the problems; the message starts with it.
        show: number of problems to list; the rest are only counted.
    """
    problems = list(problems)
    if not problems:
        return
    lines = [f"{where}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"]
    lines += [f"  - {_cut(problem)}" for problem in problems[:show]]
    if len(problems) > show:
        lines.append(f"  - … and {len(problems) - show} more")
    raise InputError("\n".join(lines))


def _cut(problem: str) -> str:
    half = MOST_CHARACTERS // 2
    return problem if len(problem) <= MOST_CHARACTERS else f"{problem[:half]} […] {problem[-half:]}"
