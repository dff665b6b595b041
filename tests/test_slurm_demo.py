"""The demo itself through a real SLURM cluster: what ``make demo`` gives, to the byte.

It takes as long as the demo twice over, and runs where ``CUEALIGN_LONG_TESTS`` is set; ``tests/test_slurm.py`` holds a
smaller study to the same.
"""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.slurm import FIXTURE, PROFILE, TAGGED, Cluster, conditions, environment, finish, missing
from tests.workflow import command

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}"),
    pytest.mark.skipif("CUEALIGN_LONG_TESTS" not in os.environ, reason="takes minutes: set CUEALIGN_LONG_TESTS=1"),
]


@pytest.fixture
def cluster(tmp_path_factory):
    started = Cluster(tmp_path_factory.mktemp("d", numbered=True))
    yield started
    started.stop()


@pytest.fixture
def demo():
    """The results of ``make demo``; they must be there, and be those of this code."""
    plan = subprocess.run([sys.executable, "-m", "snakemake", "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "Nothing to be done" not in plan.stdout + plan.stderr:
        pytest.skip("no results of this version to compare with: make demo first")
    return ROOT


def test_the_demo_gives_the_results_of_a_local_run(cluster, demo, tmp_path):
    with (tmp_path / "driver.log").open("wb") as log:
        line = command(tmp_path, *PROFILE, *FIXTURE, *TAGGED)
        driver = subprocess.Popen(line, cwd=tmp_path, env=environment(cluster), stdout=log, stderr=log)
        finish(driver, tmp_path)
    jobs = cluster.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert len(jobs) == 12
    found = conditions(tmp_path)
    assert len(found) == 12
    assert found == conditions(demo)
