"""Progress of long work: a bar in a terminal, a line now and then in a log, with an estimate of what remains."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

logger = logging.getLogger(__name__)

T = TypeVar("T")

LINE_EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """Counts finished units and shows them.

    Args:
        total: units in all.
        what: name of the work, opens each line.
        unit: name of a unit, singular.
        group: name of what several units belong to, whose rate is shown too.
    """

    def __init__(self, total: int, what: str, unit: str, *, group: str | None = None) -> None:
        self.total, self.what, self.unit, self.group, self.done, self.groups = total, what, unit, group, 0, 0
        self._start = self._last = time.monotonic()
        self._bar = tqdm(total=total, desc=what, unit=f" {unit}", dynamic_ncols=True) if sys.stderr.isatty() else None

    def update(self, count: int = 1) -> None:
        """Report ``count`` further units as done, all of one group."""
        self.done += count
        self.groups += 1
        now = time.monotonic()
        if self._bar is not None:
            self._bar.set_postfix_str(self._group_rate(now), refresh=False)
            self._bar.update(count)
        elif self.done < self.total and now - self._last >= LINE_EVERY:
            self._last = now
            rate = self.done / (now - self._start)
            left = (self.total - self.done) / rate
            logger.info(
                "%s: %d of %d (%.0f %%), %.1f %s/s, %s%s left",
                *(self.what, self.done, self.total, 100 * self.done / self.total, rate, self.unit),
                *(f"{found}, " if (found := self._group_rate(now)) else "", _duration(left)),
            )

    def _group_rate(self, now: float) -> str:
        return f"{self.groups / (now - self._start):.1f} {self.group}/s" if self.group and now > self._start else ""

    def close(self) -> None:
        """Show the total time."""
        if self._bar is not None:
            self._bar.close()
        seconds = time.monotonic() - self._start
        logger.info("%s: %d %s in %s", self.what, self.done, self.unit + "s" * (self.done != 1), _duration(seconds))

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def progress(items: Iterable[T], what: str, *, unit: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items`` and report each as done when the next is asked for."""
    if total is None:
        if not isinstance(items, Sized):
            raise TypeError("total is needed for items without a length")
        total = len(items)
    with Progress(total, what, unit) as shown:
        for item in items:
            yield item
            shown.update()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
