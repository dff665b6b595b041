"""A published value stands beside ours only where all that makes it is the paper's."""

import copy
from pathlib import Path

import pytest
import yaml

from cuealign.config.comparability import deviations
from cuealign.config.loading import load
from tests.support import ROOT
from tests.support.config import merge, shipped

ROOTS = {"iemocap": {"root": "/data/iemocap"}, "aibo": {"root": "/data/aibo"}}


def study(**changes):
    """The paper's study with the roots of its corpora, changed."""
    return load(merge(shipped("paper"), {"datasets": ROOTS, **changes}))


@pytest.fixture(scope="module")
def paper():
    return load(shipped("paper"))


def differing(paper, commits=None, experiment="iemocap/full/af3", intervention="", **changes):
    return deviations(study(**changes), paper, commits or {})[experiment].get(intervention, [])


def test_the_papers_own_study_differs_in_nothing(paper):
    found = deviations(study(), paper, {})
    assert len(found) == 5 + 3 + 2 * 8
    assert all(not reasons for of_experiment in found.values() for reasons in of_experiment.values())


CHANGES = {
    "title and licence": ({"datasets": {"iemocap": {"title": "Mine", "licence": "Mine"}}}, []),
    "shards": ({"models": {"af3": {"shards": 8, "memory": "90GB", "batch_tokens": 9000}}}, []),
    "labels": ({"datasets": {"iemocap": {"labels": ["happy", "angry", "neutral", "sad"]}}}, ["labels"]),
    "label map": ({"datasets": {"iemocap": {"label_map": {"exc": None}}}}, ["label map"]),
    "split": ({"datasets": {"iemocap": {"splits": {"full": ["session1", "session2"]}}}}, ["definition of the split"]),
    "another split": ({"datasets": {"iemocap": {"splits": {"session5": ["session1"]}}}}, []),
    "tokens": ({"datasets": {"iemocap": {"tokens": {"gender_specific": []}}}}, ["token options"]),
    "instruction": ({"prompts": {"emotion": "What now? {labels}"}}, ["instruction"]),
    "words of other captions": ({"prompts": {"feeling-paraclap": {"words": {"sad": "sorrow"}}}}, []),
    "cue block": ({"cue_block": "{ENERGY} {PITCH} {BRIGHTNESS} {DYNAMICS} {FORMANTS} {VOICE_QUALITY}"}, ["wording of the cue block"]),
    "label words": ({"answers": {"sad": {"word": "unhappy", "synonyms": []}}}, ["label words"]),
    "words of other labels": ({"answers": {"rest": {"word": "other", "synonyms": []}}}, []),
    "readout": ({"readout": "score"}, ["readout"]),
    "dtype": ({"models": {"af3": {"dtype": "float32"}}}, ["dtype"]),
    "another commit": ({"models": {"af3": {"revision": "f" * 40}}}, ["checkpoint"]),
    "a folder of unknown origin": ({"models": {"af3": {"path": "/models/af3"}}}, ["checkpoint"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_makes_a_value_is_compared(paper, change):
    changes, reasons = CHANGES[change]
    assert differing(paper, **copy.deepcopy(changes)) == reasons


def test_words_of_captions_are_compared(paper):
    experiment = "iemocap/full/paraclap"
    assert differing(paper, experiment=experiment) == []
    assert differing(paper, experiment=experiment, models={"paraclap": {"prompt": "feeling"}}) == ["instruction"]
    other = {"feeling-paraclap": {"words": {"sad": "sorrow"}}}
    assert differing(paper, experiment=experiment, prompts=other) == ["instruction"]


def test_a_local_folder_of_the_papers_commit_is_the_papers_checkpoint(paper):
    revision = paper.models["af3"].revision
    folder = {"models": {"af3": {"path": str(Path("/models/af3"))}}}
    assert differing(paper, {"af3": revision}, **folder) == []
    assert differing(paper, {"af3": "f" * 40}, **folder) == ["checkpoint"]


def test_options_of_an_intervention_count_for_its_values_alone(paper):
    modes = {"MODAL": "CREAKY", "BREATHY": "PRESSED", "PRESSED": "BREATHY", "ROUGH": "MODAL", "CREAKY": "MODAL"}
    changes = {"intervention_options": {"conflict": {"voice_quality": modes}}}
    assert differing(paper, **changes) == []
    assert differing(paper, intervention="conflict", **changes) == ["options of the intervention"]
    assert differing(paper, intervention="shuffle", **changes) == []


def test_the_entry_of_the_docs_asks_the_thinking_model_as_the_other_one():
    text = (ROOT / "docs/paper.md").read_text(encoding="utf-8")
    entry = yaml.safe_load(text.partition("```yaml")[2].partition("```")[0])
    found = study(**entry).models
    ours, shipped_one = found["ft-af3-same-prompt"], found["ft-af3"]
    assert ours.prompt == found["af3"].prompt != shipped_one.prompt
    keys = ("backend", "hub_id", "revision", "max_new_tokens", "options")
    assert [getattr(ours, key) for key in keys] == [getattr(shipped_one, key) for key in keys]
