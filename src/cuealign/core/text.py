"""Plain text for people: lists that have a limit, durations, and where files are."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

MOST = 5
"""Items of a list that a message names."""


def counted(count: int, name: str) -> str:
    """A number of things: 1 speaker, 12 speakers, 10,000 resamples."""
    return f"{count:,} {name}" + ("" if count == 1 else "s")


def some(items: Iterable[object], most: int = MOST, *, file: object = "", between: str = ", ") -> str:
    """The first items of a list, how many more there are, and the file that has all.

    Args:
        items: named by ``str``, in their order; each is named once.
        most: items to name.
        file: that has all of them, named only if some are left out.
        between: two items.

    Returns:
        ``a, b and 3 more (all in FILE)``; ``nothing`` if there are no items.
    """
    names = list(dict.fromkeys(map(str, items)))
    if len(names) <= most:
        return between.join(names) or "nothing"
    return f"{between.join(names[:most])} and {len(names) - most:,} more" + (f" (all in {file})" if file else "")


def duration(seconds: float) -> str:
    """A time in the unit that fits it: ``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours:,} h {left:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def printable(text: str) -> str:
    """A text without the characters by which a terminal is steered, such as those of a file name that is no name."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def found_at(path: str | Path) -> str:
    """A path as it leads from the folder in which the command was given: as it is, or whole if the process works elsewhere."""
    given = os.environ.get("PWD")
    return str(path) if given and Path.cwd() == Path(given).resolve() else str(Path.cwd() / path)
