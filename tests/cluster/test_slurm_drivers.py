"""What survives on a real SLURM cluster: daemons that are away and drivers that are lost while a model answers."""

import signal
import time

import pytest

from tests.support.mischief import TARGET, needs_database, running
from tests.support.slurm import finish, missing

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}"),
]


@pytest.mark.parametrize("daemon", ["slurmctld", "slurmdbd"])
def test_a_controller_or_a_database_that_is_away_for_a_while_is_waited_for(cluster, study, mischief, daemon):
    def restart(driver, _again):
        cluster.kill(daemon, hard=True)
        cluster.thaw()
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
        assert again(TARGET).wait(timeout=900) != 0
        assert driver.poll() is None
        cluster.thaw()
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
        cluster.thaw()
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
