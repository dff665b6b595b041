"""Log records of Snakemake as a run shows them: a line per stage, warnings as they come, errors in full.

Everything else that Snakemake says goes to its log, what a job says to the log of the job. The workflow puts this handler in the
place of Snakemake's own for local runs (:func:`show_stages`), unless the command line asks for another output.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from logging import LogRecord
from typing import Any, TextIO

from cuealign.core.quiet_jobs import QUIET_JOBS
from cuealign.core.text import duration, found_at
from cuealign.runtime.logs import error_in, read, share_done, warnings_in
from cuealign.terminal.screen import Screen
from cuealign.terminal.stages import Stage, named, stage_of, stages, who

ALWAYS = "cuealign_always"
"""Attribute of log records that are shown in any case."""

_NOTHING = "Nothing to be done"
_STOPPED = "Terminating processes on user request"
_KEPT = ("Complete log", "Will exit after finishing", "Trying to restart", "Removing output files of failed")
_SAID = ("Exiting because a job execution failed", "WorkflowError:\nAt least one job did not complete successfully")
_OF_JOBS = ("RuleException", "CalledProcessError")  # said before a failed job is; no news if the job has shown its error itself
_REDRAWN, _TOLD = 0.5, 30.0  # seconds between two states of the changing line, and between two lines without a terminal


class StageHandler(logging.Handler):
    """Shows a run by its stages.

    Args:
        stream: a terminal, or anything else that text goes to.
        colours: False for none, also in a terminal.
        at_rest: what to show if nothing is to be done; nothing by default.
    """

    def __init__(self, stream: TextIO, *, colours: bool = True, at_rest: Callable[[], str] | None = None) -> None:
        super().__init__()
        self.screen = Screen(stream, colours=colours)
        self._at_rest = at_rest
        self._started = False
        self._stages: dict[str, Stage] = {}
        self._jobs: dict[int, dict[str, Any]] = {}
        self._warned: set[str] = set()
        self._told = 0.0
        self._held: list[str] = []
        self._stopped = False  # by the user, who needs no errors of the jobs that this ended
        self._over = threading.Event()

    # ---------------------------------------------------------------- records

    def emit(self, record: LogRecord) -> None:
        """Show a record, or count it. What goes wrong with that is told, and stops no run."""
        try:
            self._take(record)
        except Exception:
            self.handleError(record)

    def _take(self, record: LogRecord) -> None:
        event = getattr(record, "event", None)
        handle = {
            "workflow_started": self._workflow_started,
            "run_info": self._run_info,
            "job_info": self._job_info,
            "job_finished": self._job_finished,
            "job_error": self._job_error,
        }.get(event)
        if handle:
            handle(record)
        elif event in (None, "error", "group_error"):
            self._message(record)

    def _workflow_started(self, _record: LogRecord) -> None:
        self._started = True

    def _run_info(self, record: LogRecord) -> None:
        counts = {rule: count for rule, count in record.stats.items() if rule != "total"}
        self._stages = stages(counts)
        self.screen.line(f"{record.stats['total']:,} jobs. What each of them says is in {found_at('logs')}/.")
        self._told = time.monotonic()
        os.environ[QUIET_JOBS] = "1"
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # they would write over the line that changes
        threading.Thread(target=self._watch, daemon=True).start()

    def _job_info(self, record: LogRecord) -> None:
        self._jobs[record.jobid] = {
            "rule": record.rule_name,
            "wildcards": dict(record.wildcards),
            "log": list(record.log),
            "output": record.output,
            "began": time.time(),
        }
        if stage := self._stage(self._jobs[record.jobid]):
            stage.start(record.jobid, time.monotonic())
        self._draw()

    def _job_finished(self, record: LogRecord) -> None:
        job = self._jobs.pop(record.job_id, None)
        if job is None:
            return
        self._warn(job)
        if stage := self._stage(job):
            stage.stop(record.job_id, time.monotonic(), done=True)
            if stage.complete:
                self.screen.end()
                self.screen.line(self._described(stage))
        self._draw()

    def _job_error(self, record: LogRecord) -> None:
        job = self._jobs.pop(record.jobid, {"rule": record.rule_name, "wildcards": {}, "log": [], "output": [], "began": 0.0})
        self._warn(job)
        if stage := self._stage(job):
            stage.stop(record.jobid, time.monotonic(), done=False)
        about = " ".join(filter(None, [record.rule_name, who(job["wildcards"])]))
        held, self._held = self._held, []
        if self._stopped:
            return
        if any(error_in(text) for text in _logs(job)):
            self.screen.error(f"{about} failed. Its log: {', '.join(map(found_at, record.log))}")
        else:
            self.screen.error("\n".join([*held, self.format(record)]))

    def _message(self, record: LogRecord) -> None:
        text = self.format(record)
        if getattr(record, ALWAYS, False):
            self.screen.end()
            self.screen.line(text)
        elif text.startswith(_NOTHING):
            self.screen.line(text.strip())
            if self._at_rest and (more := self._at_rest()):
                self.screen.line(f"\n{more}")
        elif text.startswith(_STOPPED):
            self._stopped = True
            self.screen.line(text)
        elif text.startswith(_OF_JOBS):
            self._held.append(text)
        elif text.startswith(_SAID):
            return
        elif record.levelno >= logging.ERROR:
            self.screen.error(text)
        elif record.levelno >= logging.WARNING:
            self.screen.warning(text)
        elif record.levelno >= logging.INFO and (not self._started or text.startswith(_KEPT)):
            self.screen.line(text)

    def _stage(self, job: dict[str, Any]) -> Stage | None:
        """Stage of a job; a named target has no output, and is no work."""
        return self._stages.get(stage_of(job["rule"])) if job["output"] else None

    # ---------------------------------------------------------------- lines

    def _warn(self, job: dict[str, Any]) -> None:
        """Show the warnings of a job that were not shown yet."""
        for message in (message for text in _logs(job) for message in warnings_in(text)):
            if (text := named(message, job["wildcards"])) not in self._warned:
                self._warned.add(text)
                self.screen.warning(f"warning: {text}")

    def _described(self, stage: Stage) -> str:
        """Line of a stage."""
        now = time.monotonic()
        counts = f"{stage.name:<13} {self.screen.bar(stage.share)}{stage.done:>3,}/{stage.total:<3,}"
        if stage.complete:
            return f"{counts} {duration(stage.seconds(now))}"
        left = stage.seconds_left(now)
        return f"{counts} {duration(round(stage.seconds(now)))}" + (f", about {duration(round(left))} left" if left and left >= 1 else "")

    def _draw(self) -> None:
        """Write the changing line: the first stage at work, and the counts of others that are."""
        running = [stage for stage in self._stages.values() if stage.running and not stage.complete]
        if not running:
            self.screen.end()
            return
        others = "".join(f"; {stage.name} {stage.done:,}/{stage.total:,}" for stage in running[1:])
        self.screen.change(self._described(running[0]) + others)

    def _watch(self) -> None:
        """Look into the logs of running jobs every now and then, until the run is over."""
        while not self._over.wait(_REDRAWN if self.screen.live else _REDRAWN * 10):
            with self.lock:
                for jobid, job in list(self._jobs.items()):
                    self._warn(job)
                    if stage := self._stage(job):
                        stage.running[jobid] = max(map(share_done, _logs(job)), default=0.0)
                self._draw()
                if not self.screen.live and time.monotonic() - self._told >= _TOLD:
                    self._told = time.monotonic()
                    for stage in self._stages.values():
                        if stage.running and not stage.complete:
                            self.screen.line(self._described(stage))

    def close(self) -> None:
        """End the run's output."""
        self._over.set()
        self.screen.end()
        for text in [] if self._stopped else self._held:
            self.screen.error(text)
        super().close()


def _logs(job: dict[str, Any]) -> list[str]:
    """What a job has written into its logs so far; not what an earlier job of the same name left there."""
    return [read(file, since=job["began"]) for file in job["log"]]


def show_stages(workflow: Any, at_rest: Callable[[], str]) -> None:
    """Let a local run show its stages in the place of Snakemake's own output, unless the command line asks for another output.

    Args:
        workflow: of Snakemake, while it reads the Snakefile.
        at_rest: what to show if nothing is to be done.
    """
    settings, manager = workflow.output_settings, workflow.logger_manager
    on_cluster = workflow.resource_settings.nodes is not None
    asked = settings.quiet or settings.verbose or settings.debug_dag or settings.printshellcmds or settings.show_failed_logs
    own = [handler for handler in manager.logger.handlers if handler.name == "DefaultStreamHandler"]
    if settings.dryrun or settings.skip_plugin_handlers or on_cluster or asked or not own:
        return
    handler = StageHandler(sys.stderr, colours=not settings.nocolor, at_rest=at_rest)
    handler.setFormatter(own[0].formatter)
    for each in own:
        manager.logger.removeHandler(each)
    manager.logger.addHandler(handler)
