"""Jobs of a run that shows its stages: they show nothing but their errors, and leave to the run what is to be said of a Ctrl-C."""

import os
import sys
from types import TracebackType

QUIET_JOBS = "CUEALIGN_QUIET_JOBS"
"""Variable of the environment of such jobs."""


def quiet() -> bool:
    """True if this is such a job."""
    return bool(os.environ.get(QUIET_JOBS))


def end_quietly_when_interrupted() -> None:
    """Let a quiet job end without Python's traceback if Ctrl-C comes while it still loads what it needs."""
    if not quiet():
        return
    usual = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            usual(kind, error, traceback)

    sys.excepthook = show
