"""``exclude`` leaves models and datasets out of the whole grid; what is missing at run time is told before."""

import copy

import pytest

from cuealign.config.grid import experiments
from cuealign.config.loading import load
from cuealign.config.workflow import missing_checkpoints, missing_devices, missing_downloads, missing_sources, used_datasets
from cuealign.core.errors import ConfigError
from tests.support.config import merge, shipped


@pytest.fixture(scope="module")
def values():
    return shipped("paper")


def paper(values, **changes):
    return load(merge(copy.deepcopy(values), changes))


def test_models_and_datasets_are_left_out_of_every_entry(values):
    whole, part = paper(values), paper(values, exclude={"models": ["smoothclap", "af3"], "datasets": ["aibo"]})
    expected = [each for each in experiments(whole.grid) if each.model not in ("smoothclap", "af3") and each.dataset != "aibo"]
    assert 0 < len(expected) < len(experiments(whole.grid))
    assert experiments(part.grid) == expected
    assert used_datasets(part) == ["iemocap"]
    assert len(missing_sources(part)) == 1


def test_a_study_that_leaves_something_out_is_read_again_as_the_same(values):
    part = paper(values, exclude={"models": ["af3"]})
    assert load(part.model_dump(mode="json")) == part


@pytest.mark.parametrize(
    ("exclude", "message"),
    [
        ({"models": ["smoothclp"]}, "exclude.models: unknown model 'smoothclp', did you mean 'smoothclap'?; known: "),
        ({"datasets": ["fau"]}, "exclude.datasets: unknown dataset 'fau'; known: aibo, "),
        ({"model": ["af3"]}, "exclude.model: unknown key, did you mean 'models'?; known: models, datasets"),
        ({"datasets": ["aibo", "iemocap"]}, "exclude: leaves nothing of the grid"),
    ],
)
def test_a_mistake_in_it_is_one_line(values, exclude, message):
    with pytest.raises(ConfigError) as error:
        paper(values, exclude=exclude)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_model_cannot_stay_without_the_corpus_that_it_is_trained_on():
    demo = shipped()
    entry = {"dataset": "iemocap", "splits": ["full"], "models": ["cue-tiny"], "interventions": ["none"]}
    demo["grid"] = [*demo["grid"], entry]
    with pytest.raises(ConfigError, match=r"exclude.datasets: emosynth is left out, but cue-tiny is trained on it; add cue-tiny to"):
        load(merge(demo, {"exclude": {"datasets": ["emosynth"]}}))


def test_a_missing_checkpoint_is_told_with_where_to_get_it_and_how_to_do_without(values, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (told,) = missing_checkpoints(paper(values), ["smoothclap"])
    assert told.startswith("models.smoothclap.path: there is no folder checkpoints/smoothclap (no published weights were found); ")
    assert told.endswith("exclude: {models: [smoothclap]}")
    assert all(" (hub repositor" in line or " (Zenodo" in line for line in missing_checkpoints(paper(values), ["paraclap", "pengi"]))


def test_weights_of_the_hub_are_missing_until_they_lie_in_its_cache(values, tmp_path):
    config = paper(values)
    (told,) = missing_downloads(config, ["af3", "paraclap"], {"HF_HUB_CACHE": str(tmp_path)})
    assert told.startswith("models.af3: the weights nvidia/audio-flamingo-3-hf are not on this machine, its job fetches them from the hub")
    (offline,) = missing_downloads(config, ["af3"], {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"})
    assert "HF_HUB_OFFLINE forbids" in offline
    (tmp_path / f"models--nvidia--audio-flamingo-3-hf/snapshots/{config.models['af3'].revision}").mkdir(parents=True)
    assert missing_downloads(config, ["af3"], {"HF_HUB_CACHE": str(tmp_path)}) == []


def test_models_on_a_gpu_need_one(values):
    config = paper(values)
    assert missing_devices(config, ["af3"], ["NVIDIA H100"]) == []
    assert missing_devices(config, ["cue-tiny"], []) == []
    (told,) = missing_devices(config, ["af3", "cue-tiny", "pengi"], [])
    assert told.startswith("a GPU: this machine has none, and af3, pengi need one")
