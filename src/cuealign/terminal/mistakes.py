"""A user's mistake as Snakemake shows it: the lines that say what is wrong, without lines of the workflow's code around them."""

import logging
import re
import sys
from logging import LogRecord

from cuealign.core.errors import CuealignError

_OURS = "|".join(error.__name__ for error in CuealignError.__subclasses__())
# Of an error in a function that gives a rule its input or parameters, Snakemake keeps the text alone.
_IN_FUNCTION = re.compile(rf"^InputFunctionException .*?\nError:\n\s*(?:{_OURS}): (.*?)\n(?:Wildcards|Traceback):", re.DOTALL)
_LOST_TABLE = re.compile(
    r"^MissingInputException in rule \w*read_corpus .*?wildcards: dataset=([^\n,]+).*?affected files:\n(.*)", re.DOTALL
)


class _ClearLines(logging.Filter):
    """Of an error that a user can correct, leaves the lines that say so. Everything else passes as it is."""

    def filter(self, record: LogRecord) -> bool:
        """Change the record of such an error."""
        if record.levelno >= logging.ERROR and (lines := _of_cause(sys.exc_info()[1]) or clear_lines(record.getMessage())):
            record.msg, record.args = lines, ()
        return True


def _of_cause(error: BaseException | None) -> str | None:
    """Message of the mistake that has led to an error; None if there is none among its causes."""
    while error and not isinstance(error, CuealignError):
        error = error.__cause__ or error.__context__
    return str(error) if error else None


def clear_lines(message: str) -> str | None:
    """The lines of one of Snakemake's messages that say what a user can correct; None if it is about something else."""
    if found := _IN_FUNCTION.match(message):
        return found.group(1)
    if found := _LOST_TABLE.match(message):
        dataset, files = found.group(1), ", ".join(line.strip() for line in found.group(2).strip().splitlines())
        return f"datasets.{dataset}.manifest: there is no file {files}, and no rule makes it; correct the path there"
    return None


def show_mistakes_in_clear_lines(logger: logging.Logger) -> None:
    """Let a log show the lines of a :class:`~cuealign.core.errors.CuealignError` alone.

    Args:
        logger: of Snakemake, which logs an error while it handles it.
    """
    if not any(isinstance(each, _ClearLines) for each in logger.filters):
        logger.addFilter(_ClearLines())
