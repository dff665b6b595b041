"""How the tokens change with each choice of the tokenisation."""

import numpy as np

from cuealign.config.entries.dataset import TokenOptions
from cuealign.core.vocabulary import CONCEPTS
from cuealign.cues import sensitivity
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import SPLITS


def test_variants_change_one_option_each(means):
    _, manifest = means
    base = TokenOptions(gender_specific=["PITCH"])
    found = dict(sensitivity.variants(base, SPLITS, manifest))
    assert len(found) == 9
    for changed in found.values():
        assert sum(getattr(changed, key) != getattr(base, key) for key in TokenOptions.model_fields) == 1
    assert {changed.fit_on for changed in found.values()} == {"all", "train", "test"}  # a split that holds everything is the same as all


def test_the_median_of_f0_is_over_voiced_frames_and_varies_alone(means):
    found = dict(sensitivity.variants(TokenOptions(f0="median"), SPLITS, means[1]))
    assert "PITCH: mean of F0" in found
    assert all(changed.voiced_mean for changed in found.values())


def test_there_is_no_variant_with_edges_per_gender_if_genders_are_unknown(means):
    _, manifest = means
    assert any("per gender" in name for name, _ in sensitivity.variants(TokenOptions(), SPLITS, manifest))
    unknown = manifest.assign(gender="unknown")
    assert not any("per gender" in name for name, _ in sensitivity.variants(TokenOptions(), SPLITS, unknown))


def test_changes_are_counted_per_concept(means):
    table, manifest = means
    tokens = ConceptTokenizer().fit(table, manifest["gender"]).transform(table, manifest["gender"])
    none = sensitivity.compare_tokens(tokens, tokens)
    assert [none[concept] for concept in (*CONCEPTS, "any")] == [0] * 7
    assert np.isnan(none["steps"])
    others = tokens.copy()
    others.loc[0, "ENERGY"] = "VERY_HIGH" if tokens.loc[0, "ENERGY"] != "VERY_HIGH" else "VERY_LOW"
    others.loc[1, "VOICE_QUALITY"] = "CREAKY" if tokens.loc[1, "VOICE_QUALITY"] != "CREAKY" else "MODAL"
    found = sensitivity.compare_tokens(tokens, others)
    levels = ["VERY_LOW", "LOW", "MID", "HIGH", "VERY_HIGH"]
    assert found["ENERGY"] == found["VOICE_QUALITY"] == 1 / len(tokens)
    assert found["any"] == 2 / len(tokens)
    assert found["steps"] == abs(levels.index(tokens.loc[0, "ENERGY"]) - levels.index(others.loc[0, "ENERGY"]))
