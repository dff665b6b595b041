"""The demo on a real SLURM cluster, started on this machine: where jobs go, and what comes back."""

import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from tests.support import ROOT
from tests.support.slurm import FIXTURE, PROFILE, conditions, environment, finish, missing, start
from tests.support.workflow import command

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}"),
]


@pytest.fixture(scope="module")
def demo(cluster, tmp_path_factory):
    """The folder of a demo that was made through the cluster."""
    folder = tmp_path_factory.mktemp("demo")
    # Short jobs, one after the other: asked sooner.
    finish(start(cluster, folder, options=["--slurm-init-seconds-before-status-checks", "4"]), folder)
    return folder


@pytest.fixture(scope="module")
def local():
    """The folder of ``make demo``."""
    plan = subprocess.run([sys.executable, "-m", "snakemake", "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "Nothing to be done" not in plan.stdout + plan.stderr:
        assert "CUEALIGN_DEMO_MADE" not in os.environ  # .ci/run has just made it
        pytest.skip("no results of this version to compare with: make demo first")
    return ROOT


# Of all tests the first, as it looks at all jobs.
def test_few_jobs_are_submitted_and_each_goes_where_it_belongs(cluster, demo):
    assert demo.is_dir()
    jobs = cluster.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    where = pd.Series([job["Partition"] for job in jobs]).value_counts().to_dict()
    assert where == {"gpu": 6, "cpu": 21}


def test_results_are_those_of_a_local_run_to_the_byte(demo, local):
    made, known = conditions(demo), conditions(local)
    assert len(made) == 61
    assert made == {path: known[path] for path in made}  # cells of earlier grids may lie there too


def test_a_gpu_job_has_one_device_of_its_own(demo):
    logs = sorted((demo / "logs/respond").rglob("*.log"))
    assert len(logs) == 6
    for log in logs:
        assert re.search(r"^CUDA_VISIBLE_DEVICES is [01]$", log.read_text(), re.MULTILINE)


def change(file, old, new) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("generic", [False, True], ids=["gpus", "gres"])
def test_the_profile_alone_sends_a_model_on_a_gpu_to_the_gpus(cluster, demo, tmp_path, generic):
    folder, profile = tmp_path / "study", tmp_path / "profile"
    shutil.copytree(demo, folder)
    shutil.copytree(PROFILE[1], profile)
    if generic:  # the two lines that are commented out; and no account
        change(profile / "config.yaml", "    # gpu: 0\n    # gres: ", "    gpu: 0\n    gres: ")
        change(profile / "config.yaml", "  slurm_account: \"'myaccount'\"", "  #")
    (folder / "gpu.yaml").write_text(yaml.safe_dump({"models": {"listener-cues": {"device": "cuda"}}}))
    before = len(cluster.jobs())
    target = "results/responses/emosynth/test/listener-cues/shard0.parquet"
    line = command(folder, "--workflow-profile", str(profile), *FIXTURE, "--retries", "0", "--", target, configfile=folder / "gpu.yaml")
    done = subprocess.run(line, cwd=folder, env=environment(cluster), capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode != 0  # the GPUs are made up
    assert ("No SLURM account given" in done.stderr) == generic
    [job] = cluster.jobs()[before:]
    account = ("root" if cluster.database else "") if generic else "myaccount"  # the one that SLURM takes by itself
    assert (job["Partition"], job["JobState"], job["Account"]) == ("gpu", "FAILED", account)
    assert f"TresPer{'Node' if generic else 'Job'}=gres:gpu:1\n" in cluster.run("scontrol", "show", "job", job["JobId"])
    assert "error: device cuda" in (folder / "logs/respond/emosynth/test/listener-cues/shard0.log").read_text()
