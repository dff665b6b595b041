"""What survives on a real SLURM cluster: jobs, nodes, daemons and drivers that are lost while a model answers."""

import signal
import subprocess
import time

import pandas as pd
import pytest
import yaml

from tests.support.slurm import finish, missing, start
from tests.support.workflow import SMALL, snakemake

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}"),
]

# All conditions of a small corpus, answered in some seconds and written to the store utterance by utterance.
STUDY = {
    "grid": [
        {
            "dataset": "emosynth",
            "splits": ["test"],
            "models": ["cue-tiny"],
            "interventions": ["none", "correct", "shuffle", "conflict", "corrupt"],
            "p": [0.2, 0.4, 0.6, 0.8, 1.0],
            "seeds": [0, 1, 2, 3, 4],
        }
    ],
    "emosynth": {**SMALL["emosynth"], "per_emotion": 8},
    "models": SMALL["models"],
}
STORE = "results/responses/emosynth/test/cue-tiny/store"
TARGET = "results/responses/emosynth/test/cue-tiny/shard0.parquet"


def running(cluster) -> list[str]:
    return cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder where nothing has gone wrong."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, "--cores", "2", TARGET, configfile=folder / "study.yaml")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def expected(study):
    """Its responses."""
    return (study / TARGET).read_bytes()


def forget(folder) -> None:
    """Delete all that was answered."""
    (folder / TARGET).unlink()
    for part in (folder / STORE).iterdir():
        part.unlink()


@pytest.fixture
def mischief(cluster, study, expected):
    """Have responses made again with something going wrong in the midst; then all is as if nothing had."""
    log = study / "driver.log"

    def happen(act, options=()) -> str:
        """Call ``act(driver, again)``; returns what the driver and those that ``again`` has started have written."""
        forget(study)
        log.write_text("")

        def again(*targets, options=()) -> subprocess.Popen:
            return start(cluster, study, *targets, options=options, configfile=study / "study.yaml")

        driver = again(TARGET, options=options)
        deadline = time.monotonic() + 900
        while not list((study / STORE).glob("*.parquet")):
            assert driver.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        act(driver, again)
        assert (study / TARGET).read_bytes() == expected
        keys = pd.concat([pd.read_parquet(part, columns=["key"]) for part in (study / STORE).glob("*.parquet")])
        assert not keys.duplicated().any()  # nothing that was finished is computed again
        return log.read_text()

    return happen


def needs_database(cluster) -> None:
    if not cluster.database:
        pytest.skip("the cluster of these tests has no database, as slurmdbd or MariaDB is not installed")


@pytest.fixture
def cancel(cluster, study):
    """A mischief: ``scancel``."""

    def act(driver, _again):
        cluster.run("scancel", *running(cluster))
        finish(driver, study)

    return act


def test_a_job_that_is_cancelled_is_submitted_again_with_more_memory_and_goes_on(cluster, mischief, cancel):
    before = len(cluster.jobs())
    assert "SLURM status is: 'CANCELLED" in mischief(cancel)
    first, second = cluster.jobs()[before:]
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert ("mem=4000M" in first["Tres"], "mem=8000M" in second["Tres"]) == (True, True)


def test_without_a_database_the_controller_tells_of_a_job_that_is_cancelled(cluster, mischief, cancel):
    needs_database(cluster)  # without one, the test above has shown it
    try:
        cluster.account(in_database=False)
        cluster.restart("slurmctld")
        assert "SLURM status is: 'CANCELLED" in mischief(cancel)
    finally:
        cluster.account(in_database=True)
        cluster.restart("slurmctld")


def test_a_job_that_runs_out_of_time_is_submitted_again_and_goes_on(cluster, study, mischief):
    def expire(driver, _again):
        [job] = running(cluster)
        for process in cluster.processes_of_jobs("n1") + cluster.processes_of_jobs("n2"):
            if process.name().startswith("python"):
                process.suspend()  # it would finish before the controller next looks at the time
        cluster.run("scontrol", "update", f"JobId={job}", "EndTime=now")
        finish(driver, study)

    assert "SLURM status is: 'TIMEOUT'" in mischief(expire)


@pytest.mark.parametrize("requeue", [True, False], ids=["requeued by SLURM", "not requeued"])
def test_a_job_whose_node_is_lost_goes_on_on_another_and_the_node_comes_back(cluster, study, mischief, requeue):
    def lose(driver, _again):
        [node] = set(cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%N").split())
        cluster.lose(node)
        finish(driver, study)
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
def test_a_job_that_is_preempted_goes_on_later(cluster, study, mischief, mode):
    def preempt(driver, _again):
        everything = ("--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null")
        cluster.run("sbatch", *everything, "--wrap", "sleep 1")
        finish(driver, study)

    before = len(cluster.jobs())
    cluster.run("scontrol", "update", "PartitionName=gpu", f"PreemptMode={mode}")
    mischief(preempt)
    first, second = (job for job in cluster.jobs()[before:] if job["Partition"] == "gpu")
    assert (first["JobState"], second["JobState"]) == ("PREEMPTED", "COMPLETED")
    assert (first["JobId"] == second["JobId"]) == (mode == "REQUEUE")


@pytest.mark.parametrize("daemon", ["slurmctld", "slurmdbd"])
def test_a_controller_or_a_database_that_is_away_for_a_while_is_waited_for(cluster, study, mischief, daemon):
    def restart(driver, _again):
        cluster.kill(daemon, hard=True)
        time.sleep(30)  # the job ends meanwhile, and five questions go unanswered, after which the executor would forget it
        assert driver.poll() is None
        cluster.start(daemon)
        finish(driver, study)
        cluster.wait_for_nodes("idle")

    if daemon == "slurmdbd":
        needs_database(cluster)
    mischief(restart)


def test_a_second_driver_in_the_same_folder_is_turned_away(cluster, study, mischief):
    def join(driver, again):
        jobs = ",".join(running(cluster))
        cluster.run("scontrol", "suspend", jobs)  # it could be over before the second driver has started
        assert again(TARGET).wait(timeout=900) != 0
        assert driver.poll() is None
        cluster.run("scontrol", "resume", jobs)
        finish(driver, study)

    assert "Directory cannot be locked" in mischief(join)


def test_a_driver_that_is_interrupted_cancels_its_jobs(cluster, study, mischief):
    def interrupt(driver, again):
        driver.send_signal(signal.SIGINT)
        assert driver.wait(timeout=900) != 0
        assert not running(cluster)
        finish(again(TARGET), study)

    before = len(cluster.jobs())
    mischief(interrupt)
    assert [job["JobState"] for job in cluster.jobs()[before:]] == ["CANCELLED", "COMPLETED"]


def test_a_driver_that_is_terminated_waits_for_its_jobs(cluster, study, mischief):
    def terminate(driver, again):
        driver.send_signal(signal.SIGTERM)
        assert driver.wait(timeout=900) != 0
        finish(again(TARGET), study)  # nothing is left to be done

    before = len(cluster.jobs())
    mischief(terminate)
    assert [job["JobState"] for job in cluster.jobs()[before:]] == ["COMPLETED"]


def test_a_driver_that_is_killed_goes_on_after_unlock(cluster, study, mischief):
    def kill(driver, again):
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        cluster.run("scancel", "--user=root")
        assert again(TARGET).wait(timeout=900) != 0  # the folder is locked, and it says so
        assert "--unlock" in (study / "driver.log").read_text()
        finish(again(options=["--unlock"]), study)
        finish(again(TARGET), study)

    mischief(kill)
