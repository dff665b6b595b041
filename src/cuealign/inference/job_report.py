"""Throughput of a job."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stopwatch:
    """Measures the seconds that the parts of a job take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Time the block as ``part``."""
        start = time.monotonic()
        yield
        self.seconds[part] = time.monotonic() - start


def job_report(watch: Stopwatch, *, prompts: int, utterances: int) -> dict[str, Any]:
    """Figures of a job that answered prompts; a language model adds its own (:meth:`cuealign.inference.asked.AskedModel.figures`).

    Args:
        watch: with the part ``answer``.
        prompts, utterances: numbers of those answered.

    Returns:
        Counts, seconds by part, and rates if anything was answered.
    """
    seconds = watch.seconds["answer"]
    figures: dict[str, Any] = {"prompts": prompts, "utterances": utterances, "seconds": watch.seconds}
    if prompts:
        figures |= {"prompts_per_second": prompts / seconds, "utterances_per_second": utterances / seconds}
    return figures
