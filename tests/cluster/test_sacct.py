"""What stands before sacct, with made-up programs behind it: no SLURM is needed."""

import shutil
import subprocess

import pytest

from tests.support import ROOT

FRONT = ROOT / "profiles/slurm/bin"
STATES = ("-X", "--parsable2", "--clusters", "all", "--noheader", "--format=JobIdRaw,State", "--endtime", "now", "--name", "run")
DISABLED = "echo 'Slurm accounting storage is disabled' >&2; exit 1"


@pytest.fixture
def ask(tmp_path):
    """Ask the front, with shell code in place of ``sacct`` and ``squeue``; None for a program that is not there."""

    def ask(sacct: str | None, squeue: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        for name, code in (("sacct", sacct), ("squeue", squeue)):
            program = tmp_path / name
            program.unlink(missing_ok=True)
            if code is not None:
                program.write_text(f"#!/bin/sh\n{code}\n")
                program.chmod(0o755)
        # The front is found by two names: neither may it take for SLURM's own.
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(FRONT)
        for tool in ("sh", "grep", "sed"):  # and not all that lies beside them, where SLURM may be installed
            if not (tmp_path / tool).exists():
                (tmp_path / tool).symlink_to(shutil.which(tool))
        path = f"{FRONT}:{tmp_path / 'link'}:{tmp_path}"
        return subprocess.run(["sacct", *arguments], env={"PATH": path}, capture_output=True, text=True, timeout=30, check=False)

    return ask


@pytest.mark.parametrize(
    ("database", "controller", "expected"),
    [
        ("7|RUNNING\n8|COMPLETED\n9|OUT_OF_MEMORY", "exit 1", "7|RUNNING\n8|COMPLETED\n9|OUT_OF_MEMORY\n"),
        ("7|CANCELLED by 1000\n8|CANCELLED", "exit 1", "7|CANCELLED\n8|CANCELLED\n"),
        ("7|PREEMPTED\n17|RUNNING", "echo '17|RUNNING\n7|PENDING'", "7|PENDING\n17|RUNNING\n"),  # queued again
        ("7|PREEMPTED\n17|PREEMPTED", "echo '17|COMPLETING\n7|PREEMPTED'", "7|CANCELLED\n17|COMPLETING\n"),
        ("7|PREEMPTED", "echo '17|RUNNING'", "7|CANCELLED\n"),  # so long ago that the controller has forgotten it
        ("7|NODE_FAIL\n8|BOOT_FAIL", "echo '7|PENDING\n8|PENDING'", "7|PENDING\n8|PENDING\n"),
        ("7|NODE_FAIL\n8|BOOT_FAIL", "echo '7|NODE_FAIL\n9|RUNNING'", "7|NODE_FAIL\n8|BOOT_FAIL\n"),
        ("7|PREEMPTED\n8|CANCELLED by 0\n9|NODE_FAIL", "exit 1", "7|PENDING\n8|CANCELLED\n9|PENDING\n"),  # nobody knows yet
        ("", "exit 1", ""),
    ],
)
def test_states_are_those_that_the_executor_knows(ask, database, controller, expected):
    done = ask(f"echo '{database}'", controller, *STATES)
    assert (done.returncode, done.stdout) == (0, expected)


def test_a_database_that_does_not_answer_is_an_error_and_not_an_answer(ask):
    done = ask("echo 'Connection refused' >&2; exit 1", "echo '7|RUNNING'", *STATES)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Connection refused" in done.stderr


@pytest.mark.parametrize("sacct", [None, DISABLED], ids=["no sacct", "no database"])
def test_without_a_database_the_controller_answers(ask, sacct):
    squeue = "case $* in *%i*) echo '7|CANCELLED\n8|PREEMPTED\n9|RUNNING' ;; *%N*) echo n1 ;; *%r*) echo NonZeroExitCode ;; esac"
    assert ask(sacct, squeue, *STATES).stdout == "7|CANCELLED\n8|CANCELLED\n9|RUNNING\n"
    assert ask(sacct, squeue, "-j", "7", "-n", "-X", "-o", "nodelist%-256").stdout == "n1\n"
    assert ask(sacct, squeue, "-j", "7.0", "--format=Reason", "--noheader").stdout == "NonZeroExitCode\n"
    assert ask(sacct, squeue, "-j", "7.1", "--format=Reason", "--noheader").stdout == ""
    assert ask(sacct, squeue, "-nu", "me", "-o", "Account%256").stdout == ""
    strange = ask(sacct, squeue, "--format=Elapsed")
    assert strange.returncode == 1
    assert "without a database: cannot answer Elapsed" in strange.stderr


@pytest.mark.parametrize("sacct", [None, DISABLED], ids=["no sacct", "no database"])
def test_a_controller_that_does_not_answer_is_an_error_and_not_an_answer(ask, sacct):
    assert ask(sacct, "exit 1", *STATES).returncode == 1


def test_other_questions_are_passed_on(ask):
    done = ask('echo "$@"', "exit 1", "-j", "7", "--format=JobID,Elapsed,MaxRSS")
    assert done.stdout == "-j 7 --format=JobID,Elapsed,MaxRSS\n"
