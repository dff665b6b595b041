"""The demo on a real SLURM cluster, started on this machine: where jobs go, what comes back, and what survives."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import yaml

from tests.conftest import ROOT
from tests.slurm import FIXTURE, PROFILE, TAGGED, Cluster, conditions, environment, finish, missing
from tests.workflow import command, snakemake

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}")

# So much of the demo is answered again while something goes wrong: seconds, written to the store utterance by utterance.
FEW = {
    "grid": [
        {
            "dataset": "emosynth",
            "splits": ["test"],
            "models": ["cue-tiny"],
            "interventions": ["none", "correct", "shuffle", "conflict", "corrupt"],
            "p": [0.2, 0.4, 0.6, 0.8, 1.0],
            "seeds": [0, 1, 2, 3, 4],
            "limit": 120,
        }
    ],
    "models": {"cue-tiny": {"pack": 1}},
}
STORE = "results/responses/emosynth/test/cue-tiny/store"
TARGET = "results/responses/emosynth/test/cue-tiny/shard0.parquet"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # A socket's path must be short.
    started = Cluster(tmp_path_factory.mktemp("s", numbered=True))
    yield started
    started.stop()


def start(cluster, folder, *targets, options=(), configfile=None) -> subprocess.Popen:
    line = command(folder, *PROFILE, *FIXTURE, *TAGGED, *options, "--", *targets, configfile=configfile)
    with (folder / "driver.log").open("ab") as log:
        # Tests that run in the background ignore interrupts, and so would all that they start.
        return subprocess.Popen(["env", "--default-signal=INT", *line], cwd=folder, env=environment(cluster), stdout=log, stderr=log)


@pytest.fixture(scope="module")
def demo(cluster, tmp_path_factory):
    """The folder of a demo that was made through the cluster."""
    folder = tmp_path_factory.mktemp("demo")
    finish(start(cluster, folder), folder)
    return folder


@pytest.fixture(scope="module")
def local():
    """The folder of ``make demo``."""
    plan = subprocess.run([sys.executable, "-m", "snakemake", "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "Nothing to be done" not in plan.stdout + plan.stderr:
        assert "CI" not in os.environ  # there, it has just been made
        pytest.skip("no results of this version to compare with: make demo first")
    return ROOT


# Of all tests the first, as it looks at all jobs.
def test_few_jobs_are_submitted_and_each_goes_where_it_belongs(cluster, demo):
    assert demo.is_dir()
    jobs = cluster.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    where = pd.Series([job["Partition"] for job in jobs]).value_counts().to_dict()
    assert where == {"gpu": 3, "cpu": 9}


def test_results_are_those_of_a_local_run_to_the_byte(demo, local):
    made, known = conditions(demo), conditions(local)
    assert len(made) == 12
    assert made == {path: known[path] for path in made}  # cells of earlier grids may lie there too


def test_a_gpu_job_has_one_device_of_its_own(demo):
    logs = sorted((demo / "logs/respond").rglob("*.log"))
    assert len(logs) == 3
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
    done = subprocess.run(line, cwd=folder, env=environment(cluster), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0  # the GPUs are made up
    [job] = cluster.jobs()[before:]
    account = ("root" if cluster.database else "") if generic else "myaccount"  # the one that SLURM takes by itself
    assert (job["Partition"], job["JobState"], job["Account"]) == ("gpu", "FAILED", account)
    assert f"TresPer{'Node' if generic else 'Job'}=gres:gpu:1\n" in cluster.run("scontrol", "show", "job", job["JobId"])
    assert "error: device cuda" in (folder / "logs/respond/emosynth/test/listener-cues/shard0.log").read_text()


def running(cluster) -> list[str]:
    return cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()


@pytest.fixture(scope="module")
def few(demo):
    """Config file of a part of the demo that nothing has gone wrong with, and the bytes of its responses."""
    path = demo / "few.yaml"
    path.write_text(yaml.safe_dump(FEW))
    forget(demo)
    done = snakemake(demo, "--cores", "1", TARGET, configfile=path)
    assert done.returncode == 0, done.stderr
    return path, (demo / TARGET).read_bytes()


def forget(folder) -> None:
    """Delete all that was answered."""
    (folder / TARGET).unlink()
    for part in (folder / STORE).iterdir():
        part.unlink()


@pytest.fixture
def mischief(cluster, demo, few):
    """Have responses made again with something going wrong in the midst; then all is as if nothing had."""
    config, expected = few
    log = demo / "driver.log"

    def happen(act, options=()) -> str:
        """Call ``act(driver, again)``; returns what the driver and those that ``again`` has started have written."""
        forget(demo)
        log.write_text("")

        def again(*targets, options=()) -> subprocess.Popen:
            return start(cluster, demo, *targets, options=options, configfile=config)

        driver = again(TARGET, options=options)
        deadline = time.monotonic() + 120
        while not list((demo / STORE).glob("*.parquet")):
            assert driver.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        act(driver, again)
        assert (demo / TARGET).read_bytes() == expected
        keys = pd.concat([pd.read_parquet(part, columns=["key"]) for part in (demo / STORE).glob("*.parquet")])
        assert not keys.duplicated().any()  # nothing that was finished is computed again
        return log.read_text()

    return happen


def test_a_job_that_is_cancelled_is_submitted_again_with_more_memory_and_goes_on(cluster, demo, mischief):
    def cancel(driver, _again):
        cluster.run("scancel", *running(cluster))
        finish(driver, demo)

    before = len(cluster.jobs())
    assert "SLURM status is: 'CANCELLED" in mischief(cancel)
    first, second = cluster.jobs()[before:]
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert ("mem=4000M" in first["Tres"], "mem=8000M" in second["Tres"]) == (True, True)


def test_without_a_database_the_controller_tells_of_a_job_that_is_cancelled(cluster, demo, mischief):
    def cancel(driver, _again):
        cluster.run("scancel", *running(cluster))
        finish(driver, demo)

    if not cluster.database:
        pytest.skip("the cluster of these tests has none, as slurmdbd or MariaDB is not installed")
    try:
        cluster.account(in_database=False)
        cluster.restart("slurmctld")
        assert "SLURM status is: 'CANCELLED" in mischief(cancel)
    finally:
        cluster.account(in_database=True)
        cluster.restart("slurmctld")


def test_a_job_that_runs_out_of_time_is_submitted_again_and_goes_on(cluster, demo, mischief):
    def expire(driver, _again):
        [job] = running(cluster)
        for process in cluster.processes_of_jobs("n1") + cluster.processes_of_jobs("n2"):
            if process.name().startswith("python"):
                process.suspend()  # it would finish before the controller next looks at the time
        cluster.run("scontrol", "update", f"JobId={job}", "EndTime=now")
        finish(driver, demo)

    assert "SLURM status is: 'TIMEOUT'" in mischief(expire)


@pytest.mark.parametrize("requeue", [True, False], ids=["requeued by SLURM", "not requeued"])
def test_a_job_whose_node_is_lost_goes_on_on_another_and_the_node_comes_back(cluster, demo, mischief, requeue):
    def lose(driver, _again):
        [node] = set(cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%N").split())
        cluster.lose(node)
        finish(driver, demo)
        cluster.start(node)
        cluster.wait_for_nodes("idle")

    before = len(cluster.jobs())
    said = mischief(lose, options=[] if requeue else ["--slurm-no-requeue"])
    first, second = cluster.jobs()[before:]
    assert (first["JobState"], second["JobState"]) == ("NODE_FAIL", "COMPLETED")
    assert first["NodeList"] != second["NodeList"]
    assert (first["JobId"] == second["JobId"]) == requeue
    assert ("SLURM status is: 'NODE_FAIL'" in said) != requeue


@pytest.mark.parametrize("mode", ["REQUEUE", "CANCEL"])
def test_a_job_that_is_preempted_goes_on_later(cluster, demo, mischief, mode):
    def preempt(driver, _again):
        everything = ("--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null")
        cluster.run("sbatch", *everything, "--wrap", "sleep 1")
        finish(driver, demo)

    before = len(cluster.jobs())
    cluster.run("scontrol", "update", "PartitionName=gpu", f"PreemptMode={mode}")
    mischief(preempt)
    first, second = (job for job in cluster.jobs()[before:] if job["Partition"] == "gpu")
    assert (first["JobState"], second["JobState"]) == ("PREEMPTED", "COMPLETED")
    assert (first["JobId"] == second["JobId"]) == (mode == "REQUEUE")


@pytest.mark.parametrize("daemon", ["slurmctld", "slurmdbd"])
def test_a_controller_or_a_database_that_is_away_for_a_while_is_waited_for(cluster, demo, mischief, daemon):
    def restart(driver, _again):
        cluster.kill(daemon, hard=True)
        time.sleep(30)  # the job ends meanwhile, and five questions go unanswered, after which the executor would forget it
        assert driver.poll() is None
        cluster.start(daemon)
        finish(driver, demo)
        cluster.wait_for_nodes("idle")

    if daemon == "slurmdbd" and not cluster.database:
        pytest.skip("the cluster of these tests has none, as slurmdbd or MariaDB is not installed")
    mischief(restart)


def test_a_second_driver_in_the_same_folder_is_turned_away(demo, mischief):
    def join(driver, again):
        assert again(TARGET).wait(timeout=120) != 0
        assert driver.poll() is None
        finish(driver, demo)

    assert "Directory cannot be locked" in mischief(join)


def test_a_driver_that_is_interrupted_cancels_its_jobs(cluster, demo, mischief):
    def interrupt(driver, again):
        driver.send_signal(signal.SIGINT)
        assert driver.wait(timeout=120) != 0
        assert not running(cluster)
        finish(again(TARGET), demo)

    before = len(cluster.jobs())
    mischief(interrupt)
    assert [job["JobState"] for job in cluster.jobs()[before:]] == ["CANCELLED", "COMPLETED"]


def test_a_driver_that_is_terminated_waits_for_its_jobs(cluster, demo, mischief):
    def terminate(driver, again):
        driver.send_signal(signal.SIGTERM)
        assert driver.wait(timeout=120) != 0
        finish(again(TARGET), demo)  # nothing is left to be done

    before = len(cluster.jobs())
    mischief(terminate)
    assert [job["JobState"] for job in cluster.jobs()[before:]] == ["COMPLETED"]


def test_a_driver_that_is_killed_goes_on_after_unlock(cluster, demo, mischief):
    def kill(driver, again):
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        cluster.run("scancel", "--user=root")
        assert again(TARGET).wait(timeout=120) != 0  # the folder is locked, and it says so
        assert "--unlock" in (demo / "driver.log").read_text()
        finish(again(options=["--unlock"]), demo)
        finish(again(TARGET), demo)

    mischief(kill)
