"""The log of a job: how warnings are marked in it, and what a run reads back from it for the terminal."""

import logging
import re
from pathlib import Path

from cuealign.core.text import duration

WARNING, ERROR, UNEXPECTED = "warning: ", "error: ", "unexpected error: "
"""Beginnings of messages."""

_INDENT = "  "
_CLOCK = 1.0  # seconds by which a disk's time may lie behind
_PROGRESS = re.compile(r": ([0-9]+) of ([0-9]+) \([0-9]+ %\), .* left$", re.MULTILINE)


def progress_line(what: str, done: int, total: int, rate: str, seconds_left: float) -> str:
    """One line about the progress of long work, which :func:`share_done` reads."""
    return f"{what}: {done} of {total} ({100 * done / total:.0f} %), {rate}, {duration(seconds_left)} left"


class Marked(logging.Formatter):
    """Begins the warnings of this library with ``warning:`` and indents the further lines of a message."""

    def __init__(self, before: str = "") -> None:
        super().__init__()
        self._before = before

    def format(self, record: logging.LogRecord) -> str:
        """The message, with what goes before every message."""
        text = super().format(record)
        if record.levelno == logging.WARNING and record.name.startswith("cuealign"):
            text = WARNING + text.replace("\n", f"\n{_INDENT}")
        return self._before + text


def warnings_in(text: str) -> list[str]:
    """Warnings of this library in the text of a log, each once, with their further lines."""
    found: list[list[str]] = []
    within = False
    for line in text.splitlines():
        if line.startswith(WARNING):
            found.append([line.removeprefix(WARNING)])
        elif within and line.startswith(_INDENT):
            found[-1].append(line)
        within = line.startswith(WARNING) or (within and line.startswith(_INDENT))
    return list(dict.fromkeys("\n".join(lines) for lines in found))


def error_in(text: str) -> str | None:
    """The error that ended a job, by the text of its log: its message, or the line about one that nobody expected; None without one."""
    lines = text.splitlines()
    for place in reversed(range(len(lines))):
        if lines[place].startswith(ERROR):
            return "\n".join(lines[place:]).removeprefix(ERROR)
        if lines[place].startswith(UNEXPECTED):
            return lines[place]
    return None


def share_done(text: str) -> float:
    """Share of its work that a job has done, by the last line about progress in its log; 0 without one."""
    lines = _PROGRESS.findall(text)
    return min(1.0, int(lines[-1][0]) / int(lines[-1][1])) if lines else 0.0


def read(file: Path | str, *, since: float = 0.0) -> str:
    """Text of a log; empty if there is none, or if it was last written before a time.

    Args:
        file: the log.
        since: seconds since the epoch.
    """
    path = Path(file)
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_mtime >= since - _CLOCK else ""
    except OSError:
        return ""
