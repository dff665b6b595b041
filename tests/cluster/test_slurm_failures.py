"""What survives on a real SLURM cluster: jobs and nodes that are lost while a model answers."""

import pytest

from tests.support.mischief import needs_database, running
from tests.support.slurm import finish, missing

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=f"no SLURM cluster here: {'; '.join(missing())}"),
]


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
