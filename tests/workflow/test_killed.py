"""A study that is killed at random moments, over all stages, ends with the same bytes.

Five kills in every run of the long tests, as many as wanted with CUEALIGN_KILLS.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.workflow import command, environment, snakemake, write_config

STUDY = {
    "grid": [
        {
            "dataset": "emosynth",
            "splits": ["test"],
            "models": ["cue-tiny", "listener-cues"],
            "interventions": ["none", "correct", "corrupt"],
            "p": [1.0],
            "seeds": [0],
        }
    ],
    "emosynth": {"train_speakers": 2, "test_speakers": 6, "per_emotion": 2},
    "models": {"cue-tiny": {"write_every": 4, "training": {"options": {"epochs": 2, "batch_size": 8}}}},
    "statistics": {"resamples": 300},
    "tables": ["uar", "reliance"],
    "figures": dict.fromkeys(("reliance", "reading", "grounding", "tokens", "corruption")),
}
KILLS = int(os.environ.get("CUEALIGN_KILLS", "5"))
ARGUMENTS = ("--cores", "2", "--rerun-incomplete", "--nolock")


def contents(folder: Path) -> dict[str, str]:
    """Hash of every result. Stores hold the same rows in other files, and benchmarks are measured times."""
    files = [path for path in sorted((folder / "results").rglob("*")) if path.is_file()]
    left_out = {"benchmarks", "store", "audit", "descriptors"}
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not left_out & set(path.parent.parts)
    }


@pytest.mark.long
def test_a_study_that_is_killed_at_random_moments_ends_with_the_same_bytes(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    config = write_config(tmp_path / "study.yaml", STUDY)
    done = snakemake(whole, *ARGUMENTS, configfile=config)
    assert done.returncode == 0, done.stderr
    moments, kills = random.Random(KILLS), 0
    while kills < KILLS:
        if (killed / "results/provenance.json").exists():  # begun anew, so that early stages are killed too
            shutil.rmtree(killed / "results")
        run = subprocess.Popen(
            command(killed, *ARGUMENTS, configfile=config),
            cwd=killed,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert run.wait(moments.uniform(3, 15)) == 0
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            kills += 1
    done = snakemake(killed, *ARGUMENTS, configfile=config)
    assert done.returncode == 0, done.stderr
    assert contents(killed) == contents(whole)
