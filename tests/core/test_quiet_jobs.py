"""Ctrl-C while a job still loads what it needs."""

import os
import signal
import subprocess
import sys

import pytest

from cuealign.core.quiet_jobs import QUIET_JOBS

# A process in the background of a shell ignores the signal, and so do its children.
INTERRUPTED = (
    "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); import cuealign; os.kill(os.getpid(), signal.SIGINT)"
)


def run(code: str, quiet: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, QUIET_JOBS: quiet}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("quiet", "says"), [("1", ""), ("", "KeyboardInterrupt")])
def test_an_interrupted_job_leaves_it_to_the_run_to_say_so(quiet, says):
    done = run(INTERRUPTED, quiet)
    assert done.returncode == -signal.SIGINT
    assert (done.stderr.strip().splitlines() or [""])[-1] == says


def test_a_quiet_job_shows_its_errors():
    done = run("import cuealign; raise RuntimeError('of its own')", "1")
    assert done.returncode == 1
    assert done.stderr.endswith("RuntimeError: of its own\n")
