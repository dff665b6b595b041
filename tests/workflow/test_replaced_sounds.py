"""A sound that is replaced in place is heard again, and only that; a model is not tested on what it was trained on."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.support.sound import tone, write
from tests.support.workflow import planned, snakemake, write_config


def dataset(folder, table="manifest.csv"):
    return {
        "title": "Mine",
        "licence": "none",
        "reader": "manifest",
        "manifest": str(folder / table),
        "labels": ["angry", "happy", "sad"],
        "splits": ["train", "test"],
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory, corpus) -> Path:
    """A listener that was trained on one half of twelve clips and tested on the other."""
    folder = tmp_path_factory.mktemp("mine")
    sounds = Path(shutil.copytree(corpus[0], folder / "sounds"))
    corpus[1].replace({"split": {"train": "other", "test": "train"}}).replace({"split": {"other": "test"}}).to_csv(
        sounds / "swapped.csv", index=False
    )
    write_config(
        folder / "my.yaml",
        {
            "datasets": {"mine": dataset(sounds), "swapped": dataset(sounds, "swapped.csv")},
            "grid": [{"dataset": "mine", "splits": ["test"], "models": ["listener-audio"], "interventions": ["none"]}],
            "models": {"listener-audio": {"training": {"dataset": "mine", "split": "train"}}},
        },
    )
    done = snakemake(
        folder, "--cores", "2", "manifests", "results/responses/mine/test/listener-audio/shard0.parquet", configfile=folder / "my.yaml"
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_replaced_sound_is_heard_again_and_only_that(study):
    manifest = study / "results/corpora/mine/manifest.parquet"
    before = pd.read_parquet(manifest).set_index("utterance")
    done = snakemake(study, "-n", "manifests", configfile=study / "my.yaml")
    assert "Nothing to be done" in done.stdout + done.stderr
    write(study / "sounds/s2_sad.wav", tone(0.7, seed=123))
    done = snakemake(study, "-n", "manifests", configfile=study / "my.yaml")
    assert planned(done) == {"audit_audio": 1, "build_manifest": 1, "manifests": 1}
    done = snakemake(study, "--cores", "1", "manifests", configfile=study / "my.yaml")
    assert done.returncode == 0, done.stderr
    assert "mine: audio: 1 of 12 utterances are new or have changed" in (study / "logs/audit_audio/mine.log").read_text()
    after = pd.read_parquet(manifest).set_index("utterance")
    differs = (before != after).any(axis=1)
    assert list(differs.index[differs]) == ["s2_sad"]
    assert after.loc["s2_sad", "duration"] == 0.7
    done = snakemake(study, "-n", "manifests", configfile=study / "my.yaml")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_model_is_not_tested_on_what_it_was_trained_on(study):
    grid = 'grid=[{"dataset": "swapped", "splits": ["test"], "models": ["listener-audio"], "interventions": ["none"]}]'
    target = "results/responses/swapped/test/listener-audio/shard0.parquet"
    done = snakemake(study, "--cores", "1", target, "--config", grid, configfile=study / "my.yaml")
    assert done.returncode != 0
    log = (study / "logs/respond/swapped/test/listener-audio/shard0.log").read_text()
    assert "model listener-audio was trained on 6 of the 6 sounds that it is to be tested on; take them out of one of both" in log
    assert f"utterance s0_angry: {study}/sounds/s0_angry.wav" in log
    assert "Traceback" not in log
