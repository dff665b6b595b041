"""A job's log tells its warnings, its error and its progress, and the terminal reads them back from it."""

import logging
import os

import pytest

from cuealign.core.errors import raise_all
from cuealign.core.quiet_jobs import QUIET_JOBS
from cuealign.runtime import job
from cuealign.runtime.logs import error_in, progress_line, read, share_done, warnings_in

ours, theirs = logging.getLogger("cuealign.corpora.checks"), logging.getLogger("transformers")


def test_warnings_of_this_library_are_read_back_with_their_further_lines(tmp_path):
    with job.messages(tmp_path / "a.log"):
        ours.info("reads")
        ours.warning("two\nlines")
        theirs.warning("is deprecated")
        ours.warning("one: %d", 3)
        ours.warning("one: %d", 3)
        ours.info("no part of it")
    assert warnings_in(read(tmp_path / "a.log")) == ["two\n  lines", "one: 3"]


def test_the_error_of_a_job_is_read_back_whole(tmp_path):
    with pytest.raises(SystemExit), job.messages(tmp_path / "a.log"):
        raise_all(["line 3: x", "line 4: y"], where="m.csv")
    assert error_in(read(tmp_path / "a.log")) == "m.csv: 2 problems\n  - line 3: x\n  - line 4: y"
    with pytest.raises(SystemExit), job.messages(tmp_path / "b.log"):
        _ = 1 / 0
    assert error_in(read(tmp_path / "b.log")).startswith("unexpected error: ZeroDivisionError: division by zero; ")
    assert error_in("reads\nwarning: x\n") is None


def test_what_an_error_only_counts_stands_in_the_log_before_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    with pytest.raises(SystemExit), job.messages("logs/a.log"):
        raise_all((f"line {number}: x" for number in range(2000)), where="m.csv")
    shown = capsys.readouterr().err
    assert "m.csv: 2,000 problems\n" in shown
    assert shown.endswith("… and 1,980 more (all in logs/a.log)\n")
    assert len(shown) < 1000
    log = read("logs/a.log")
    assert all(f"line {number}: x\n" in log for number in range(2000))
    assert error_in(log).startswith("m.csv: 2,000 problems")


def test_progress_is_read_back_from_its_last_line():
    log = "\n".join(
        ["cue-tiny: 30 prompts to answer", progress_line("x", 5, 20, "1.0 prompt/s", 15), progress_line("x", 8, 20, "1 p/s", 0.5)]
    )
    assert share_done(log) == 0.4
    assert share_done("nothing: yet") == 0


def test_what_an_earlier_job_left_in_a_log_is_not_read(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("error: x\n")
    os.utime(log, (1000, 1000))
    assert read(log, since=2000) == ""
    assert read(log, since=1000) == "error: x\n"
    assert read(tmp_path / "none.log") == ""


def test_a_quiet_job_shows_errors_alone_and_no_traceback_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(QUIET_JOBS, "1")
    with job.messages(tmp_path / "c.log"):
        ours.info("reads")
        ours.warning("odd")
    with pytest.raises(SystemExit), job.messages(tmp_path / "a.log"):
        raise_all(["x"], where="m.csv")
    assert capsys.readouterr().err == "error: m.csv: 1 problem\n  - x\n"
    with pytest.raises(SystemExit), job.messages(tmp_path / "b.log"):
        _ = 1 / 0
    shown = capsys.readouterr().err
    assert shown.startswith("unexpected error: ZeroDivisionError: division by zero; ")
    assert "Traceback" not in shown
    assert "Traceback" in read(tmp_path / "b.log")


def test_a_job_that_the_user_stops_ends_without_a_traceback(tmp_path):
    with pytest.raises(SystemExit) as ended, job.messages(tmp_path / "a.log"):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert read(tmp_path / "a.log") == "interrupted; finished work is kept; run the same command again to go on\n"
