"""The study on a real SLURM cluster, started on this machine: where jobs go, what comes back, and what survives."""

import re
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
import yaml

from tests.slurm import FIXTURE, PROFILE, TAGGED, Cluster, conditions, environment, finish, missing
from tests.workflow import SMALL, command, snakemake

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # A socket's path must be short.
    started = Cluster(tmp_path_factory.mktemp("s", numbered=True))
    yield started
    started.stop()


def start(cluster, folder, *targets, options=()) -> subprocess.Popen:
    line = command(folder, *PROFILE, *FIXTURE, *TAGGED, *options, "--", *targets, configfile=folder / "small.yaml")
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen(line, cwd=folder, env=environment(cluster), stdout=log, stderr=log)


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


@pytest.mark.parametrize("generic", [False, True], ids=["gpus", "gres"])
def test_the_profile_alone_sends_a_model_on_a_gpu_to_the_gpus(cluster, studies, tmp_path, generic):
    folder, profile = tmp_path / "study", tmp_path / "profile"
    shutil.copytree(studies["cluster"], folder)
    shutil.copytree(PROFILE[1], profile)
    if generic:  # the two lines that are commented out
        text = (profile / "config.yaml").read_text()
        assert text.count("    # gpu: 0\n    # gres: ") == 1
        (profile / "config.yaml").write_text(text.replace("    # gpu: 0\n    # gres: ", "    gpu: 0\n    gres: "))
    (folder / "gpu.yaml").write_text(yaml.safe_dump(SMALL | {"models": {"listener-cues": {"device": "cuda"}}}))
    before = len(cluster.jobs())
    target = "results/responses/emosynth/test/listener-cues/shard0.parquet"
    line = command(folder, "--workflow-profile", str(profile), *FIXTURE, "--retries", "0", "--", target, configfile=folder / "gpu.yaml")
    done = subprocess.run(line, cwd=folder, env=environment(cluster), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0  # the GPUs are made up
    [job] = cluster.jobs()[before:]
    assert (job["Partition"], job["JobState"]) == ("gpu", "FAILED")
    assert f"TresPer{'Node' if generic else 'Job'}=gres:gpu:1\n" in cluster.run("scontrol", "show", "job", job["JobId"])
    assert "error: device cuda" in (folder / "logs/respond/emosynth/test/listener-cues/shard0.log").read_text()


def running(cluster) -> list[str]:
    return cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()


@pytest.fixture
def mischief(cluster, studies):
    """Have the responses of cue-tiny made again with something going wrong in the midst; then all is as it was."""
    folder = studies["cluster"]
    store = folder / "results/responses/emosynth/test/cue-tiny"
    path = store / "shard0.parquet"
    expected, (driver_log, target) = path.read_bytes(), (folder / "driver.log", str(path.relative_to(folder)))

    def happen(act) -> str:
        """Returns what the driver and its successors have written."""
        for part in (store / "store").glob("*"):
            part.unlink()
        path.unlink()
        driver_log.write_text("")
        driver = start(cluster, folder, target)
        deadline = time.monotonic() + 120
        while not list((store / "store").glob("*.parquet")):
            assert driver.poll() is None, driver_log.read_text()[-4000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        act(driver, folder, target)
        assert path.read_bytes() == expected
        keys = pd.concat([pd.read_parquet(part, columns=["key"]) for part in (store / "store").glob("*.parquet")])
        assert not keys.duplicated().any()  # nothing that was finished is computed again
        return driver_log.read_text()

    return happen


def test_a_job_that_is_cancelled_is_submitted_again_and_goes_on(cluster, mischief):
    def cancel(driver, folder, _target):
        cluster.run("scancel", *running(cluster))
        finish(driver, folder)

    assert "SLURM status is: 'CANCELLED" in mischief(cancel)


def test_a_job_that_runs_out_of_time_is_submitted_again_and_goes_on(cluster, mischief):
    def expire(driver, folder, _target):
        [job] = running(cluster)
        for process in cluster.processes_of_jobs("n1") + cluster.processes_of_jobs("n2"):
            if process.name().startswith("python"):
                process.suspend()  # it would finish before the controller next looks at the time
        cluster.run("scontrol", "update", f"JobId={job}", "EndTime=now")
        finish(driver, folder)

    assert "SLURM status is: 'TIMEOUT'" in mischief(expire)


def test_a_job_whose_node_is_lost_goes_on_on_another_and_the_node_comes_back(cluster, mischief):
    def lose(driver, folder, _target):
        [node] = set(cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%N").split())
        cluster.lose(node)
        finish(driver, folder)
        cluster.start(node)
        cluster.wait_for_nodes("idle")

    mischief(lose)
    assert "NODE_FAIL" in {job["JobState"] for job in cluster.jobs()}


def test_a_controller_that_is_away_for_a_while_is_waited_for(cluster, mischief):
    def restart(driver, folder, _target):
        cluster.kill("slurmctld", hard=True)
        time.sleep(60)  # the job ends meanwhile, and five questions go unanswered, after which the executor would forget it
        assert driver.poll() is None
        cluster.start("slurmctld")
        finish(driver, folder)
        cluster.wait_for_nodes("idle")

    mischief(restart)


def test_a_second_driver_in_the_same_folder_is_turned_away(cluster, mischief):
    def join(driver, folder, target):
        second = start(cluster, folder, target)
        assert second.wait(timeout=120) != 0
        assert driver.poll() is None
        finish(driver, folder)

    assert "Directory cannot be locked" in mischief(join)


def test_a_driver_that_is_killed_goes_on_after_unlock(cluster, mischief):
    def kill(driver, folder, target):
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        cluster.run("scancel", "--user=root")
        again = start(cluster, folder, target)
        assert again.wait(timeout=120) != 0  # the folder is locked, and it says so
        assert "--unlock" in (folder / "driver.log").read_text()
        finish(start(cluster, folder, options=["--unlock"]), folder)
        finish(start(cluster, folder, target), folder)

    mischief(kill)
