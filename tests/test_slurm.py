"""The study on a real SLURM cluster, started on this machine: where jobs go, what comes back, and what survives."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import ROOT
from tests.slurm import Cluster, missing
from tests.workflow import SMALL, command, snakemake

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}")

# What a fixture differs in from a cluster: no accounts, no database, and nobody wants to wait.
FIXTURE = (
    *("--slurm-no-account", "--slurm-status-command", "squeue", "--latency-wait", "5"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
)
# The embedded model runs on the CPU; tagged as if it needed a GPU, its jobs must go where the GPUs are.
TAGGED = ("--set-resources", "respond:gpu=1", "respond:slurm_partition=gpu")
PROFILE = ("--workflow-profile", str(ROOT / "workflow/profiles/slurm"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # A socket's path must be short.
    started = Cluster(tmp_path_factory.mktemp("s", numbered=True))
    yield started
    started.stop()


def environment(cluster):
    found = {key: value for key, value in cluster.environment.items() if key != "PYTHONPATH"}
    return found | {"PATH": f"{cluster.root / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"}


def start(cluster, folder, *targets, options=()) -> subprocess.Popen:
    line = command(folder, *PROFILE, *FIXTURE, *TAGGED, *options, "--", *targets, configfile=folder / "small.yaml")
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen(line, cwd=folder, env=environment(cluster), stdout=log, stderr=log)


def finish(driver, folder):
    assert driver.wait(timeout=600) == 0, (folder / "driver.log").read_text()[-4000:]


def conditions(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted((folder / "results/metrics").rglob("*.csv"))}


@pytest.fixture(scope="module")
def studies(cluster, tmp_path_factory):
    """The same small study on this machine, and on the cluster."""
    folders = {}
    for name in ("local", "cluster"):
        folders[name] = tmp_path_factory.mktemp(name)
        (folders[name] / "small.yaml").write_text(yaml.safe_dump(SMALL))
    done = snakemake(folders["local"], "--cores", "2", configfile=folders["local"] / "small.yaml")
    assert done.returncode == 0, done.stderr
    finish(start(cluster, folders["cluster"]), folders["cluster"])
    return folders


def test_results_are_those_of_a_local_run_to_the_byte(studies):
    assert conditions(studies["cluster"]) == conditions(studies["local"])
    assert len(conditions(studies["local"])) == 12


@pytest.mark.usefixtures("studies")
def test_few_jobs_are_submitted_and_each_goes_where_it_belongs(cluster):
    jobs = cluster.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    where = pd.Series([job["Partition"] for job in jobs]).value_counts().to_dict()
    assert where == {"gpu": 3, "cpu": 9}


def test_a_gpu_job_has_one_device_of_its_own(studies):
    logs = sorted((studies["cluster"] / "logs/respond").rglob("*.log"))
    assert len(logs) == 3
    for log in logs:
        assert re.search(r"^CUDA_VISIBLE_DEVICES is [01]$", log.read_text(), re.MULTILINE)


def mischief(cluster, folder, act) -> None:
    """Have the responses of cue-tiny made again, with something going wrong in the midst."""
    store = folder / "results/responses/emosynth/test/cue-tiny"
    target = str(store.relative_to(folder) / "shard0.parquet")
    for part in (store / "store").glob("*"):
        part.unlink()
    (store / "shard0.parquet").unlink(missing_ok=True)
    driver = start(cluster, folder, target)
    deadline = time.monotonic() + 120
    while not list((store / "store").glob("*.parquet")):
        assert driver.poll() is None, (folder / "driver.log").read_text()[-4000:]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    act(driver, target)


@pytest.fixture
def finished(studies):
    """A study that is complete, and what its responses were."""
    folder = studies["cluster"]
    path = folder / "results/responses/emosynth/test/cue-tiny/shard0.parquet"
    return folder, path, path.read_bytes()


def test_a_job_that_is_cancelled_is_submitted_again_and_goes_on(cluster, finished):
    folder, path, expected = finished

    def cancel(driver, _target):
        cluster.run("scancel", *cluster.run("squeue", "-h", "-o", "%i").split())
        finish(driver, folder)

    mischief(cluster, folder, cancel)
    assert path.read_bytes() == expected
    assert "CANCELLED" in {job["JobState"] for job in cluster.jobs()}


def test_a_driver_that_is_killed_goes_on_after_unlock(cluster, finished):
    folder, path, expected = finished

    def kill(driver, target):
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        cluster.run("scancel", "--user=root")
        again = start(cluster, folder, target)
        assert again.wait(timeout=120) != 0  # the folder is locked, and it says so
        assert "--unlock" in (folder / "driver.log").read_text()
        finish(start(cluster, folder, options=["--unlock"]), folder)
        finish(start(cluster, folder, target), folder)

    mischief(cluster, folder, kill)
    assert path.read_bytes() == expected
