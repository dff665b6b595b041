"""Logger plugin of Snakemake (``--logger cuealign``): a line per stage of the study, warnings, and errors in full.

Snakemake imports every logger plugin of its environment as it starts, before it reads a Snakefile. Which clone's library counts is
known only then, so nothing of the library is imported here. The workflow shows its stages in local runs without this plugin too.
"""

import importlib
import logging
import sys
from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_cuealign.config_files import explain_unreadable_configs
from snakemake_logger_plugin_cuealign.interruptions import explain_interruptions

explain_interruptions()
# Here, as Snakemake reads the files of --configfile before it makes any handler.
explain_unreadable_configs()


class LogHandler(LogHandlerBase):
    """Shows a run by its stages (``cuealign.terminal.handler``); a dry run, and what comes before a run, line by line."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self._stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self._shown: logging.Handler | None = None

    def emit(self, record: LogRecord) -> None:
        """Show a record."""
        if getattr(record, "event", None) == LogEvent.WORKFLOW_STARTED and not self.common_settings.dryrun:
            handler = importlib.import_module("cuealign.terminal.handler")
            self._shown = handler.StageHandler(self._stream, colours=not self.common_settings.nocolor)
            self._shown.setFormatter(self.formatter)
        if self._shown:
            self._shown.handle(record)
        elif record.levelno > logging.DEBUG and (text := self.format(record)):
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def close(self) -> None:
        """End the run's output."""
        if self._shown:
            self._shown.close()
        super().close()
