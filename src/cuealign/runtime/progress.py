"""Progress of long work, with an estimate of the time left: a bar in a terminal, a line every few seconds in a log."""

import io
import logging
import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

from cuealign.core.quiet_jobs import quiet
from cuealign.core.text import duration
from cuealign.runtime.logs import progress_line

logger = logging.getLogger(__name__)

T = TypeVar("T")

LINE_EVERY = 10.0
"""Seconds between two lines if there is no terminal."""


class Progress:
    """Counts finished units and shows them.

    Args:
        total: number of units.
        what: name of the work, at the start of each line.
        unit: name of a unit, singular.
        group: name of a group of units, whose rate is shown too.
    """

    def __init__(self, total: int, what: str, unit: str, *, group: str | None = None) -> None:
        self.what, self.unit, self.group, self.groups = what, unit, group, 0
        self._terminal = sys.stderr.isatty() and not quiet()
        # tqdm counts in either case; without a terminal, its bar is discarded.
        self._bar = tqdm(total=total, desc=what, unit=f" {unit}", dynamic_ncols=True, file=sys.stderr if self._terminal else io.StringIO())
        self._last_line = 0.0

    @property
    def done(self) -> int:
        """Number of finished units."""
        return self._bar.n

    def update(self, count: int = 1) -> None:
        """Count ``count`` more units as finished, all of one group."""
        self.groups += 1
        if self._terminal:
            self._bar.set_postfix_str(self._group_rate(), refresh=False)
        self._bar.update(count)
        elapsed = self._bar.format_dict["elapsed"]
        if not self._terminal and self.done < self._bar.total and elapsed - self._last_line >= LINE_EVERY:
            self._last_line = elapsed
            rate = self.done / elapsed
            rates = ", ".join(filter(None, [f"{rate:.1f} {self.unit}/s", self._group_rate()]))
            logger.info("%s", progress_line(self.what, self.done, self._bar.total, rates, (self._bar.total - self.done) / rate))

    def _group_rate(self) -> str:
        elapsed = self._bar.format_dict["elapsed"]
        return f"{self.groups / elapsed:.1f} {self.group}/s" if self.group and elapsed > 0 else ""

    def close(self) -> None:
        """Show the total time."""
        seconds = self._bar.format_dict["elapsed"]
        self._bar.close()
        logger.info("%s: %d %s in %s", self.what, self.done, self.unit + "s" * (self.done != 1), duration(seconds))

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def progress(items: Iterable[T], what: str, *, unit: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items``; each counts as finished when the next one is requested.

    Raises:
        TypeError: if ``total`` is missing and ``items`` have no length.
    """
    if total is None:
        if not isinstance(items, Sized):
            raise TypeError("total is needed for items without a length")
        total = len(items)
    with Progress(total, what, unit) as shown:
        for item in items:
            yield item
            shown.update()
