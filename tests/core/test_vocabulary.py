"""Tokens and descriptors are those of the paper and of openSMILE."""

import opensmile

from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, INVALID, ORDINAL, TOKENS, UNVOICED, VOICED_CONCEPTS, VOICED_DESCRIPTORS


def test_every_concept_has_five_tokens_of_which_none_is_a_state_or_occurs_twice():
    assert CONCEPTS == ("ENERGY", "PITCH", "BRIGHTNESS", "DYNAMICS", "FORMANTS", "VOICE_QUALITY")
    for tokens in TOKENS.values():
        assert len(set(tokens)) == 5
        assert not {UNVOICED, INVALID} & set(tokens)


def test_only_voice_quality_has_no_order():
    assert set(CONCEPTS) - set(ORDINAL) == {"VOICE_QUALITY"}
    assert all(TOKENS[concept][2] == "MID" for concept in ORDINAL)


def test_concepts_that_need_voicing_are_concepts():
    assert set(VOICED_CONCEPTS) < set(CONCEPTS)


def test_descriptors_are_those_of_opensmile_in_its_order():
    extractor = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    assert list(DESCRIPTORS) == extractor.feature_names


def test_voiced_descriptors_are_pitch_perturbation_harmonics_and_formants():
    assert len(VOICED_DESCRIPTORS) == 15
    assert all(name.endswith("_sma3nz") for name in VOICED_DESCRIPTORS)
    assert all(name.startswith(("F0", "F1", "F2", "F3", "jitter", "shimmer", "HNR", "logRelF0")) for name in VOICED_DESCRIPTORS)
