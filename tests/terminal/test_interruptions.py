"""Ctrl-C before any job runs."""

import signal

import pytest

from tests.support.workflow import snakemake

AT = {
    "while the workflow is read": "os.kill(os.getpid(), signal.SIGINT)\n",
    "while the jobs are planned": "rule all:\n    input: lambda wildcards: os.kill(os.getpid(), signal.SIGINT) or []\n",
}


@pytest.mark.parametrize("when", AT)
def test_an_interruption_before_the_first_job_is_one_line(tmp_path, when):
    # A process in the background of a shell ignores the signal, and so do its children.
    heard = "import os\nimport signal\n\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    (tmp_path / "Snakefile").write_text(f"{heard}{AT[when]}")
    done = snakemake(tmp_path, "--cores", "1", snakefile=tmp_path / "Snakefile")
    assert done.returncode == -signal.SIGINT
    assert done.stderr.splitlines()[-1] == "interrupted; finished work is kept; run the same command again to go on"
    assert "Traceback" not in done.stdout + done.stderr


def test_other_errors_are_shown_as_ever(tmp_path):
    (tmp_path / "Snakefile").write_text("raise RuntimeError('of its own')\n")
    done = snakemake(tmp_path, "--cores", "1", snakefile=tmp_path / "Snakefile")
    assert done.returncode == 1
    assert "of its own" in done.stderr
    assert "interrupted" not in done.stderr
