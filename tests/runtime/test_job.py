"""Scripts get the values of their rule, record what they ran with, and end clearly on an error that a user can correct."""

import errno
import io
import json
import logging
import os
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, Wildcards

from cuealign import __version__
from cuealign.config.entries.dataset import TokenOptions
from cuealign.core.errors import CuealignError, InputError
from cuealign.runtime import job
from cuealign.runtime.environment import announce_commit


def rule(**changes) -> SimpleNamespace:
    """What Snakemake gives a script."""
    values = {
        "rule": "count",
        "input": {"manifest": "m.parquet", "tokens": ["a.parquet", "b.parquet"]},
        "output": {"counts": "c.json"},
        "params": {"entry": {"fit_on": "train"}, "code": "0123", "content": ["abc"]},
        "wildcards": {"dataset": "iemocap"},
        "threads": 3,
        "log": ["logs/count/iemocap.log"],
    } | changes
    kinds = {"input": InputFiles, "output": OutputFiles, "params": Params, "wildcards": Wildcards}
    lists = {name: kind(fromdict=values[name]) for name, kind in kinds.items()}
    return SimpleNamespace(**(values | lists | {"log": Log(toclone=values["log"])}))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Jobs run in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CUEALIGN_COMMIT", raising=False)
    return tmp_path


# ---------------------------------------------------------------- arguments


def test_arguments_take_input_output_parameter_wildcard_and_threads_of_their_name():
    def main(manifest, tokens, counts, *, entry, dataset, threads): ...

    assert job.arguments(main, rule()) == {
        "manifest": "m.parquet",
        "tokens": ["a.parquet", "b.parquet"],
        "counts": "c.json",
        "entry": {"fit_on": "train"},
        "dataset": "iemocap",
        "threads": 3,
    }


def test_a_list_of_inputs_is_a_plain_list_of_text():
    def main(tokens): ...

    found = job.arguments(main, rule())["tokens"]
    assert type(found) is list
    assert {type(name) for name in found} == {str}


def test_a_script_need_not_take_everything():
    def main(counts): ...

    assert job.arguments(main, rule()) == {"counts": "c.json"}


def test_an_argument_without_a_value_is_an_error_of_the_rule():
    def main(manifest, speakers): ...

    with pytest.raises(TypeError, match="rule count: the argument 'speakers' of its script is given by nothing"):
        job.arguments(main, rule())


def test_an_argument_with_two_values_is_an_error_of_the_rule():
    def main(manifest): ...

    with pytest.raises(TypeError, match="the argument 'manifest' of its script is given by input and parameter"):
        job.arguments(main, rule(params={"manifest": 1}))


@pytest.mark.parametrize("name", [job.CODE, job.CONTENT])
def test_versions_and_hashes_are_not_for_scripts(name):
    namespace: dict = {}
    exec(f"def main({name}): ...", namespace)
    with pytest.raises(TypeError, match=f"the argument '{name}' of its script is given by nothing"):
        job.arguments(namespace["main"], rule())


# ---------------------------------------------------------------- running a script


@pytest.mark.usefixtures("here")
def test_values_are_converted_to_the_annotated_types():
    taken = []

    def main(manifest: Path, tokens: list[Path], *, entry: TokenOptions, dataset: str, threads: int) -> None:
        taken.extend([manifest, tokens, entry, dataset, threads])

    job.run(main, rule())
    assert taken == [Path("m.parquet"), [Path("a.parquet"), Path("b.parquet")], TokenOptions(fit_on="train"), "iemocap", 3]


def test_a_job_records_its_code_commit_and_packages(here):
    announce_commit("abc+changes")
    job.run(lambda: None, rule())
    (record,) = job.records()
    assert record["packages"]["numpy"] == np.__version__
    assert {key: record[key] for key in ("rule", "wildcards", "code", "commit")} == {
        "rule": "count",
        "wildcards": {"dataset": "iemocap"},
        "code": "0123",
        "commit": "abc+changes",
    }
    assert (here / "results/provenance/count/iemocap.json").is_file()
    assert (here / "logs/count/iemocap.log").is_file()


def test_a_job_that_fails_leaves_no_record(here):
    def main() -> None:
        raise InputError("m.csv: no rows")

    with pytest.raises(SystemExit) as ended:
        job.run(main, rule())
    assert ended.value.code == 1
    assert list(job.records()) == []
    assert (here / "logs/count/iemocap.log").read_text() == "error: m.csv: no rows\n"


def test_a_value_of_the_wrong_type_is_an_error_of_the_workflow_with_its_traceback(here):
    def main(entry: TokenOptions) -> None: ...

    with pytest.raises(SystemExit):
        job.run(main, rule(params={"entry": {"fit": "train"}}))
    assert "Traceback" in (here / "logs/count/iemocap.log").read_text()


def test_the_path_of_a_record_follows_that_of_the_log():
    assert job.record_file("logs/train/x.log") == Path("results/provenance/train/x.json")
    assert job.record_file("logs/respond/iemocap/test/af3.0.log") == Path("results/provenance/respond/iemocap/test/af3.0.json")


@pytest.mark.usefixtures("here")
def test_records_of_all_jobs_are_read_in_a_fixed_order():
    for name in ("b", "a", "c"):
        job.run(lambda: None, rule(wildcards={"dataset": name}, log=[f"logs/count/{name}.log"]))
    assert [record["wildcards"]["dataset"] for record in job.records()] == ["a", "b", "c"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"rule": "count"}', "[" * 100_000])
def test_a_damaged_record_is_named(content):
    job.run(lambda: None, rule())
    path = job.RECORDS / "count/iemocap.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"count/iemocap\.json: cannot be read \(.*\); delete it and rerun its job with --forcerun"):
        list(job.records())


@pytest.mark.usefixtures("here")
def test_the_same_job_writes_the_same_record():
    job.run(lambda: None, rule())
    first = (job.RECORDS / "count/iemocap.json").read_bytes()
    job.run(lambda: None, rule())
    assert (job.RECORDS / "count/iemocap.json").read_bytes() == first
    assert list(json.loads(first)) == sorted(json.loads(first))


# ---------------------------------------------------------------- messages


def test_an_error_for_the_user_is_one_message_without_a_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, job.messages(tmp_path / "logs/job.log"):
        raise InputError("a.wav: no such file")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: a.wav: no such file\n"
    assert (tmp_path / "logs/job.log").read_text() == "error: a.wav: no such file\n"


def test_an_unexpected_error_is_one_line_and_the_log_has_what_a_report_needs(tmp_path, capsys):
    announce_commit("abc+changes")
    with pytest.raises(SystemExit) as ended, job.messages(tmp_path / "job.log"):
        _ = 1 / 0
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "unexpected error: ZeroDivisionError: division by zero; unless a file below results/ was changed by hand, this is a fault of the "
        f"workflow or of a plug-in; please report it, with the file {tmp_path}/job.log, which has the details; finished work is kept\n"
    )
    log = (tmp_path / "job.log").read_text()
    assert log.startswith(f"cuealign {__version__}, commit abc+changes, python ")
    assert f"numpy {np.__version__}" in log
    assert "Traceback (most recent call last)" in log


def test_an_unexpected_error_without_a_log_has_its_traceback_on_the_terminal(capsys):
    with pytest.raises(SystemExit), job.messages():
        _ = 1 / 0
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "with the lines above" in told.splitlines()[-1]


def test_the_message_of_an_unexpected_error_is_cut_and_on_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit), job.messages(tmp_path / "job.log"):
        raise ValueError("a\nb\x1b[31m" + "x" * 10_000)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "a\\nb\\x1b[31mxxx" in told
    assert len(told) < 700


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, job.messages(tmp_path / "job.log"):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    line = "interrupted; finished work is kept; run the same command again to go on\n"
    assert capsys.readouterr().err == (tmp_path / "job.log").read_text() == line


def test_memory_that_is_used_up_is_no_fault_of_the_workflow(capsys):
    with pytest.raises(SystemExit), job.messages():
        raise MemoryError
    assert capsys.readouterr().err == (
        "error: the memory is used up; finished work is kept; run the same command again with fewer cores, or give the job more memory\n"
    )


def test_a_log_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(SystemExit), job.messages(tmp_path / "logs/job.log"):
        pytest.fail("the job must not begin")
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/logs")


def test_names_that_are_no_text_are_told_as_escapes_in_the_log(tmp_path):
    with pytest.raises(SystemExit), job.messages(tmp_path / "job.log"):
        raise InputError("caf\udce9.wav: no such file")
    assert (tmp_path / "job.log").read_text() == "error: caf\\udce9.wav: no such file\n"


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG],
)
def test_a_disk_error_names_the_file_and_what_to_do(number, capsys):
    with pytest.raises(SystemExit), job.messages():
        raise OSError(number, "it failed", "results/x.parquet")
    assert capsys.readouterr().err == (
        "error: results/x.parquet: it failed; finished work is kept; correct this and run the same command again\n"
    )


def test_a_disk_error_without_a_file_is_told_too(capsys):
    with pytest.raises(SystemExit), job.messages():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "No space left on device; finished work is kept" in capsys.readouterr().err


def test_a_missing_file_is_no_disk_error(capsys):
    with pytest.raises(SystemExit), job.messages():
        Path("/nowhere").read_bytes()
    assert "unexpected error: FileNotFoundError" in capsys.readouterr().err


@pytest.mark.usefixtures("here")
def test_a_record_that_is_cut_short_by_a_kill_leaves_the_earlier_one(monkeypatch):
    job.run(lambda: None, rule())
    (before,) = job.records()
    monkeypatch.setattr(Path, "replace", lambda *_: os._exit(9))
    if (child := os.fork()) == 0:
        job.run(lambda: None, rule(wildcards={"dataset": "other"}))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert list(job.records()) == [before]


def test_information_is_logged_from_this_library_and_warnings_from_all(tmp_path, capsys):
    with job.messages(tmp_path / "job.log"):
        logging.getLogger("cuealign.corpora.audit").info("ours")
        logging.getLogger("another_library").info("theirs")
        logging.getLogger("another_library").warning("their warning")
        warnings.warn("python's warning", UserWarning, stacklevel=1)
    log = (tmp_path / "job.log").read_text()
    assert log.startswith("ours\ntheir warning\n")
    assert "python's warning" in log
    assert "theirs" not in log
    assert capsys.readouterr().err == log


def test_nothing_is_logged_after_the_job(tmp_path):
    root = logging.getLogger()
    handlers = list(root.handlers)
    with job.messages(tmp_path / "job.log"):
        assert len(root.handlers) == len(handlers) + 2
    assert root.handlers == handlers
    logging.getLogger("cuealign").warning("late")
    assert (tmp_path / "job.log").read_text() == ""


def test_another_run_starts_a_new_log(tmp_path):
    for text in ("first", "second"):
        with job.messages(tmp_path / "job.log"):
            logging.getLogger("cuealign").info(text)
    assert (tmp_path / "job.log").read_text() == "second\n"


def test_letters_that_the_terminal_lacks_are_replaced_and_kept_in_the_log(tmp_path, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(SystemExit), job.messages(tmp_path / "job.log"):
        raise CuealignError("größe.wav: leer")
    terminal.flush()
    assert terminal.buffer.getvalue() == b"error: gr??e.wav: leer\n"
    assert (tmp_path / "job.log").read_text(encoding="utf-8") == "error: größe.wav: leer\n"
