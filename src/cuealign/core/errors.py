"""Errors that a user can correct. The workflow shows their message without a traceback."""

from collections.abc import Iterable, Sequence


class CuealignError(Exception):
    """Base of all errors whose message is for the user.

    Attributes:
        left_out: problems that the message counts and does not list, one line each; the log of a job has them.
    """

    left_out: tuple[str, ...] = ()


class ConfigError(CuealignError):
    """The configuration is wrong; the message names the path of the key and the allowed values."""


class InputError(CuealignError):
    """A file, a row or a table is wrong; the message names it and says what to do."""


class ModelError(CuealignError):
    """A model cannot be loaded, or its output cannot be used."""


MOST_CHARACTERS = 600
"""Of one problem in a list. A cell of a table may be as long as a book."""


SHOWN = 20
"""Problems that a message lists."""


def listed(problems: Sequence[str], show: int = SHOWN) -> str:
    """Problems as a list of bounded length, one line each; the rest are only counted."""
    lines = [f"  - {one_line(problem)}" for problem in problems[:show]]
    if len(problems) > show:
        lines.append(f"  - … and {len(problems) - show:,} more")
    return "\n".join(lines)


def raise_all(problems: Iterable[str], *, where: str, show: int = SHOWN) -> None:
    """Raise one InputError that lists all problems; do nothing if there are none.

    Args:
        problems: one line each.
        where: file or table with the problems; the message starts with it.
        show: number of problems to list; the rest are only counted, and kept in the error for the log.
    """
    problems = list(problems)
    if not problems:
        return
    error = InputError(f"{where}: {len(problems):,} problem{'s' if len(problems) > 1 else ''}\n{listed(problems, show)}")
    error.left_out = tuple(map(legible, problems[show:]))
    raise error


def one_line(problem: str) -> str:
    """A problem as one line that can be read: without characters that nobody sees, cut in the middle where it is too long."""
    shown, half = legible(problem), MOST_CHARACTERS // 2
    return shown if len(shown) <= MOST_CHARACTERS else f"{shown[:half]} […] {shown[-half:]}"


def legible(text: str) -> str:
    """Text from outside with its line breaks, control characters and other characters that nobody sees as escapes."""
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)
