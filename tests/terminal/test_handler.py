"""The logger plugin: what of Snakemake's messages a run shows, and what it leaves to logs."""

import io
import logging
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from snakemake.logging import DefaultFormatter
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from cuealign.core.quiet_jobs import QUIET_JOBS
from cuealign.terminal.handler import ALWAYS, StageHandler, show_stages
from snakemake_logger_plugin_cuealign import LogHandler
from tests.support import ROOT


def settings(**changes) -> SimpleNamespace:
    values = {"stdout": False, "nocolor": True, "dryrun": False, "quiet": None, "verbose": False, "debug_dag": False}
    values |= {"printshellcmds": False, "show_failed_logs": False, "skip_plugin_handlers": False}
    return SimpleNamespace(**(values | changes))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A handler, and a function that gives it a record; the text that it has shown so far is ``handler.screen.stream``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv(QUIET_JOBS, "")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "")
    handler = StageHandler(io.StringIO())
    handler.setFormatter(DefaultFormatter())

    def give(message="", event=None, level=logging.INFO, **more):
        record = logging.LogRecord("snakemake", level, "", 0, message, (), None)
        record.__dict__.update({"event": event} | more)
        handler.handle(record)
        return handler.screen.stream.getvalue()

    yield handler, give
    handler.close()


def start(give, job, rule, log="", output=("x",), **wildcards):
    give(event=LogEvent.JOB_INFO, jobid=job, rule_name=rule, wildcards=wildcards, log=[log] * bool(log), output=list(output))


ERROR = {"rule_msg": None, "input": [], "output": [], "conda_env": None, "shellcmd": None, "aux": {}, "indent": False}


def test_a_stage_is_a_line_and_what_snakemake_says_besides_is_left_out(run):
    _, give = run
    give("Workflow has started!", LogEvent.WORKFLOW_STARTED)
    give("Building DAG of jobs...")
    give("Job stats: ...", LogEvent.RUN_INFO, stats={"fit_tokenizer": 1, "tokenise": 1, "all": 1, "total": 3})
    give("Select jobs to execute...")
    start(give, 1, "fit_tokenizer")
    give("Finished jobid: 1", LogEvent.JOB_FINISHED, job_id=1)
    start(give, 2, "tokenise")
    give("Finished jobid: 2", LogEvent.JOB_FINISHED, job_id=2)
    start(give, 3, "all", output=())
    shown = give("Finished jobid: 3", LogEvent.JOB_FINISHED, job_id=3).splitlines()
    assert shown[0] == "3 jobs. What each of them says is in logs/."
    assert len(shown) == 2
    assert shown[1].startswith("tokens ")
    assert " 2/2 " in shown[1]
    assert os.environ[QUIET_JOBS] == "1"


def test_warnings_of_a_job_come_once_with_what_they_are_about(run, tmp_path):
    _, give = run
    give(event=LogEvent.RUN_INFO, stats={"evaluate": 1, "total": 1})
    (tmp_path / "a.log").write_text("warning: few speakers\nreads\nwarning: few speakers\n")
    start(give, 1, "evaluate", "a.log", dataset="d", split="s", model="m")
    (tmp_path / "a.log").write_text("warning: few speakers\nreads\nwarning: few speakers\n")
    shown = give(event=LogEvent.JOB_FINISHED, job_id=1)
    assert shown.count("warning: d s m: few speakers") == 1


def test_a_job_that_told_its_error_is_named_and_nothing_repeats_it(run, tmp_path):
    _, give = run
    give(event=LogEvent.RUN_INFO, stats={"train": 1, "total": 1})
    start(give, 1, "train", "a.log", model="m")
    (tmp_path / "a.log").write_text("error: m.csv: 1 problem\n")
    give("RuleException:\nCalledProcessError in file x", level=logging.WARNING)
    shown = give("Error in rule train", LogEvent.JOB_ERROR, logging.ERROR, jobid=1, rule_name="train", log=["a.log"], **ERROR)
    shown = give("Exiting because a job execution failed. Look below for error messages", level=logging.ERROR)
    shown = give("WorkflowError:\nAt least one job did not complete successfully.", level=logging.WARNING)
    assert shown.splitlines()[1:] == ["train m failed. Its log: a.log"]


def test_a_job_that_told_nothing_is_shown_with_all_that_snakemake_knows(run):
    _, give = run
    give(event=LogEvent.RUN_INFO, stats={"train": 1, "total": 1})
    start(give, 1, "train", "a.log", model="m")
    give("RuleException:\nCalledProcessError in file x: died with SIGKILL", level=logging.WARNING)
    shown = give("Error in rule train", LogEvent.JOB_ERROR, logging.ERROR, jobid=1, rule_name="train", log=["a.log"], **ERROR)
    assert "died with SIGKILL" in shown
    assert "Error in rule train:" in shown
    assert "log: a.log (check log file(s) for error details)" in shown


def test_after_control_c_the_errors_of_the_jobs_that_it_ended_are_no_news(run):
    handler, give = run
    give(event=LogEvent.RUN_INFO, stats={"train": 1, "total": 1})
    start(give, 1, "train", "a.log", model="m")
    give("Terminating processes on user request, this might take some time.")
    give("RuleException:\nCalledProcessError: died with SIGINT", level=logging.WARNING)
    give("Error in rule train", LogEvent.JOB_ERROR, logging.ERROR, jobid=1, rule_name="train", log=["a.log"], **ERROR)
    handler.close()
    assert handler.screen.stream.getvalue().splitlines()[1:] == ["Terminating processes on user request, this might take some time."]


def test_errors_warnings_and_what_the_workflow_tells_are_shown_in_any_case(run):
    _, give = run
    give("Workflow has started!", LogEvent.WORKFLOW_STARTED)
    give("MissingInputException in rule x", LogEvent.ERROR, logging.ERROR)
    give("odd", level=logging.WARNING)
    give("of no interest")
    give("Complete log(s): a.log")
    assert give("Verdicts", **{ALWAYS: True}).splitlines() == [
        "MissingInputException in rule x",
        "odd",
        "Complete log(s): a.log",
        "Verdicts",
    ]


def test_what_runs_no_jobs_says_what_it_says(run):
    _, give = run
    assert give("Unlocked working directory.") == "Unlocked working directory.\n"


def test_if_nothing_is_to_be_done_the_results_are_told(run):
    handler, give = run
    handler._at_rest = lambda: "Verdicts"
    give("Workflow has started!", LogEvent.WORKFLOW_STARTED)
    assert give("Nothing to be done (all requested files are present and up to date).").splitlines()[-1] == "Verdicts"


def test_what_goes_wrong_with_the_display_stops_no_run(run, capsys):
    _, give = run
    give("a record without what it should have", LogEvent.JOB_INFO)
    assert "Logging error" in capsys.readouterr().err


@pytest.mark.parametrize("dryrun", [False, True])
def test_the_plugin_shows_stages_of_a_run_and_a_dry_run_as_snakemake_does(dryrun, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(QUIET_JOBS, "")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "")
    assert LoggerPluginRegistry().get_plugin("cuealign").log_handler is LogHandler
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    handler = LogHandler(settings(dryrun=dryrun), None)
    handler.setFormatter(DefaultFormatter())
    about = ["datetime", "workflow_id", "platform", "host", "user", "snakemake_version", "python_version", "cmd", "snakefile_main"]
    started = dict.fromkeys([*about, "basedir", "rundir", "cwd", "configfiles", "config_md5"], "x")
    for message, more in (
        ("Assuming unrestricted shared filesystem usage.", {}),
        ("Workflow has started!", {"event": LogEvent.WORKFLOW_STARTED} | started),
        ("Building DAG of jobs...", {}),
        ("Job stats:", {"event": LogEvent.RUN_INFO, "stats": {"tokenise": 1, "total": 1}}),
    ):
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, message, (), None)
        record.__dict__.update({"event": None} | more)
        handler.handle(record)
    handler.close()
    shown = stream.getvalue()
    assert shown.startswith("Assuming unrestricted shared filesystem usage.\n")
    assert ("Building DAG of jobs..." in shown) == ("Job stats:" in shown) == dryrun
    assert ("1 jobs. What each of them says is in " in shown) != dryrun


def test_the_plugin_leaves_it_to_the_snakefile_whose_library_is_used():
    """Snakemake imports plugins before it reads a Snakefile, which may lie in another clone than the environment's."""
    code = "import sys, snakemake_logger_plugin_cuealign; print(*(name for name in sys.modules if name.partition('.')[0] == 'cuealign'))"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("changes", "nodes", "taken"),
    [
        ({}, None, True),
        ({}, 100, False),  # on a cluster
        ({"dryrun": True}, None, False),
        ({"quiet": {"rules"}}, None, False),
        ({"verbose": True}, None, False),
        ({"skip_plugin_handlers": True}, None, False),  # in a job
    ],
)
def test_local_runs_show_their_stages_unless_other_output_is_asked_for(changes, nodes, taken):
    own = logging.StreamHandler()
    own.name = "DefaultStreamHandler"
    logger = logging.Logger("of this test")
    logger.addHandler(own)
    workflow = SimpleNamespace(
        output_settings=settings(**changes),
        logger_manager=SimpleNamespace(logger=logger),
        resource_settings=SimpleNamespace(nodes=nodes),
    )
    show_stages(workflow, at_rest=str)
    assert [type(handler) for handler in logger.handlers] == [StageHandler if taken else logging.StreamHandler]
