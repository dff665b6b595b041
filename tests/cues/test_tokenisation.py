"""Fitting as the config says, and the sensitivity of the tokens to each choice."""

import numpy as np
import pandas as pd
import pytest

from cuealign.config.entries.dataset import TokenOptions
from cuealign.core.errors import InputError
from cuealign.core.vocabulary import CONCEPTS, PLAIN, VOICED_DESCRIPTORS
from cuealign.cues import fitting
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.test_concepts import corpus

SPLITS = {"train": ["a"], "test": ["b"], "whole": ["a", "b"]}


@pytest.fixture
def means():
    table, genders = corpus(3)
    random = np.random.default_rng(4)
    for name in VOICED_DESCRIPTORS:
        table[PLAIN + name] = table[name] * random.uniform(0.3, 1, len(table))
    manifest = pd.DataFrame({"utterance": table["utterance"], "gender": genders, "split": random.choice(["a", "b"], len(table))})
    return table, manifest


def options(**changes) -> dict:
    return TokenOptions(**changes).model_dump(mode="json")


def test_default_options_are_those_of_the_tokenizer(means):
    table, manifest = means
    mine = fitting.fit(table, manifest, options(), SPLITS)
    assert mine.to_dict() == ConceptTokenizer().fit(table, manifest["gender"]).to_dict()


def test_edges_of_a_split_are_those_of_its_rows(means):
    table, manifest = means
    rows = (manifest["split"] == "a").to_numpy()
    mine = fitting.fit(table, manifest, options(fit_on="train"), SPLITS)
    theirs = ConceptTokenizer().fit(table[rows].reset_index(drop=True), manifest["gender"][rows])
    assert mine.to_dict() == theirs.to_dict()
    changed = table.copy()
    changed.loc[~rows, "Loudness_sma3"] *= 5
    assert fitting.fit(changed, manifest, options(fit_on="train"), SPLITS).to_dict() == mine.to_dict()


def test_means_over_all_frames_are_read_where_asked_for(means):
    """The oracle: the same tokenizer on a table in which the plain means stand in the place of the voiced ones."""
    table, manifest = means
    swapped = table.assign(**{name: table[PLAIN + name] for name in VOICED_DESCRIPTORS})
    mine = fitting.fit(table, manifest, options(voiced_mean=False), SPLITS).transform(table, manifest["gender"])
    theirs = ConceptTokenizer().fit(swapped, manifest["gender"]).transform(swapped, manifest["gender"])
    pd.testing.assert_frame_equal(mine, theirs)
    assert not mine.equals(ConceptTokenizer().fit(table, manifest["gender"]).transform(table, manifest["gender"]))


def test_a_saved_tokenizer_keeps_its_kind_of_means(means):
    table, manifest = means
    fitted = fitting.fit(table, manifest, options(voiced_mean=False), SPLITS)
    again = ConceptTokenizer.from_dict(fitted.to_dict())
    assert not again.voiced_mean
    assert again.transform(table, manifest["gender"]).equals(fitted.transform(table, manifest["gender"]))


def test_every_choice_is_changed_once_and_alone(means):
    _, manifest = means
    base = options(gender_specific=["PITCH"])
    found = dict(fitting.variants(base, SPLITS, manifest))
    assert len(found) == 5
    for changed in found.values():
        assert sum(changed[key] != base[key] for key in base) == 1
    assert {changed["fit_on"] for changed in found.values()} == {"all", "train", "test"}  # a split of everything is no choice


def test_edges_per_gender_are_no_choice_where_genders_are_unknown(means):
    _, manifest = means
    assert any("per gender" in name for name, _ in fitting.variants(options(), SPLITS, manifest))
    unknown = manifest.assign(gender="unknown")
    assert not any("per gender" in name for name, _ in fitting.variants(options(), SPLITS, unknown))


def test_changes_are_counted_per_concept(means):
    table, manifest = means
    tokens = ConceptTokenizer().fit(table, manifest["gender"]).transform(table, manifest["gender"])
    none = fitting.changes(tokens, tokens)
    assert [none[concept] for concept in (*CONCEPTS, "any")] == [0] * 7
    assert np.isnan(none["steps"])
    others = tokens.copy()
    others.loc[0, "ENERGY"] = "VERY_HIGH" if tokens.loc[0, "ENERGY"] != "VERY_HIGH" else "VERY_LOW"
    others.loc[1, "VOICE_QUALITY"] = "CREAKY" if tokens.loc[1, "VOICE_QUALITY"] != "CREAKY" else "MODAL"
    found = fitting.changes(tokens, others)
    levels = ["VERY_LOW", "LOW", "MID", "HIGH", "VERY_HIGH"]
    assert found["ENERGY"] == found["VOICE_QUALITY"] == 1 / len(tokens)
    assert found["any"] == 2 / len(tokens)
    assert found["steps"] == abs(levels.index(tokens.loc[0, "ENERGY"]) - levels.index(others.loc[0, "ENERGY"]))


def test_unknown_gender_is_refused_where_edges_are_per_gender(means):
    table, manifest = means
    unknown = manifest.assign(gender=["unknown", *manifest["gender"][1:]])
    with pytest.raises(InputError, match=r"gender-specific edges, but the gender of 1 utterances is unknown \(first: u0000\)"):
        fitting.fit(table, unknown, options(gender_specific=["PITCH"]), SPLITS)
