"""A study that is answered on a cluster while something goes wrong."""

import pytest

from tests.support.slurm import Cluster
from tests.support.workflow import SMALL

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


def running(cluster: Cluster) -> list[str]:
    """Ids of the jobs that run."""
    return cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()


def needs_database(cluster: Cluster) -> None:
    """Skip a test where there is no database."""
    if not cluster.database:
        pytest.skip("the cluster of these tests has no database, as slurmdbd or MariaDB is not installed")
