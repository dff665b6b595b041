"""What results were made of: named, complete, and of no place or person."""

import importlib.metadata
import json
import os
from pathlib import Path

from cuealign.config.grid import runs
from cuealign.reporting.provenance import record
from tests.support import ROOT
from tests.support.config import changed


def test_provenance_names_what_was_used_and_no_place(small_study, small_settings):
    text = (small_study / "results/provenance.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["datasets"]["emosynth"]["utterances"] == 10 * 4 * 4
    assert {entry["model"] for entry in found["responses"]} == {"cue-tiny", "listener-audio", "listener-cues"}
    assert all(len(entry["fingerprint"]) == 1 for entry in found["responses"])
    for place in (str(small_study), str(ROOT), str(Path.home()), os.uname().nodename):
        assert place not in text or place == "/"
    again = record(
        small_study / "results",
        small_settings.model_dump(mode="json"),
        datasets=small_settings.datasets,
        models=small_settings.models,
        runs=runs(small_settings.grid),
        workflow="",
        jobs=[],
    )
    assert again["datasets"] == found["datasets"]
    assert again["models"] == found["models"]
    assert again["responses"] == found["responses"]


def test_a_model_from_a_local_folder_is_not_named_by_its_hub_id(small_study, small_settings, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    metadata = tmp_path / ".cache/huggingface/download/config.json.metadata"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"{commit}\netag\n0\n")
    models = {
        name: changed(entry, hub_id="somebody/something", revision="f" * 40, path=str(tmp_path) if name == "cue-tiny" else entry.path)
        for name, entry in small_settings.models.items()
    }
    found = record(
        small_study / "results",
        small_settings.model_dump(mode="json"),
        datasets=small_settings.datasets,
        models=models,
        runs=runs(small_settings.grid),
        workflow="",
        jobs=[],
    )["models"]["cue-tiny"]
    assert "hub_id" not in found
    assert "revision" not in found
    assert (found["source"], found["hub_commit"]) == ("local folder", commit)


def test_provenance_says_of_each_stage_by_which_code_and_packages_it_was_made(small_study):
    stages = json.loads((small_study / "results/provenance.json").read_text(encoding="utf-8"))["stages"]
    assert set(stages) == {
        *("synthesise", "read_corpus", "audit_audio", "build_manifest", "extract_descriptors", "fit_tokenizer", "tokenise"),
        *(
            "intervene",
            "train",
            "respond",
            "predict",
            "evaluate",
            "summarise_checks",
            "measure_grounding",
            "compare_models",
            "make_table",
            "draw_figure",
        ),
    }
    assert sum(way["jobs"] for way in stages["predict"]) == 3 * 9
    for ways in stages.values():
        for way in ways:
            assert len(way["code"]) == 16
            assert way["packages"]["numpy"] == importlib.metadata.version("numpy")
    assert stages["extract_descriptors"][0]["packages"]["opensmile"] == importlib.metadata.version("opensmile")
    assert "torch" not in stages["intervene"][0]["packages"]  # what a job does not load, it does not depend on


def test_jobs_of_an_earlier_grid_are_left_out(small_study, small_settings):
    def job(**wildcards):
        return {"rule": "predict", "wildcards": wildcards, "code": "c", "commit": "x", "packages": {}}

    jobs = [
        job(dataset="emosynth", split="test", model="cue-tiny", intervention="none", p="0", seed="0"),
        job(dataset="emosynth", split="test", model="af3", intervention="none", p="0", seed="0"),
        job(dataset="emosynth", split="test", model="cue-tiny", intervention="shuffle", p="0", seed="9"),
        job(table="mine"),
        job(drawing="recalls_emosynth_test_cue-tiny"),
        job(dataset="emosynth", split="test", model="cue-tiny", shard="7"),
    ]
    found = record(
        small_study / "results",
        small_settings.model_dump(mode="json"),
        datasets=small_settings.datasets,
        models=small_settings.models,
        runs=runs(small_settings.grid),
        workflow="",
        jobs=jobs,
    )
    assert found["stages"] == {"predict": [{"code": "c", "commit": "x", "packages": {}, "jobs": 1}]}
