"""What is said of a Ctrl-C that comes while Snakemake reads the workflow and plans its jobs. Later, Snakemake takes it itself."""

import sys
from types import TracebackType

SAID = "interrupted; finished work is kept; run the same command again to go on"


def explain_interruptions() -> None:
    """Let one line stand in the place of Python's traceback; the process still ends as an interrupted one."""
    usual = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.stderr.write(f"\n{SAID}\n")
        else:
            usual(kind, error, traceback)

    sys.excepthook = show
