"""VOICE_QUALITY: the three scores against brute force; of version 0.1, the conditions, their thresholds and their order."""

import functools
import itertools

import numpy as np
import pytest

from cuealign.config.entries.dataset import VoiceQuality
from cuealign.core.vocabulary import PHONETIC, TOKENS, UNVOICED
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import (
    CLEARANCE,
    F0,
    H1_A3,
    H1_H2,
    HNR,
    JITTER,
    QUALITY,
    SHIMMER,
    descriptor_rows,
    random_descriptors,
    tokens_of,
    unit_corpus,
)
from tests.support.tokenizer_oracle import Oracle, quality_by_rule


def thresholds(high: float, low: float) -> VoiceQuality:
    """Thresholds of any sign: the config refuses a high one below 0, the rules work with it."""
    return VoiceQuality.model_construct(rule="thresholds", first_harmonic="opensmile", high=high, low=low)


@pytest.mark.parametrize(("high", "low"), [(0.1, -0.1), (1.0, -0.2), (0.05, 0.3)])
def test_voice_quality_thresholds_are_those_given(high, low):
    descriptors, genders = random_descriptors(5)
    oracle = Oracle(descriptors, genders, gender_specific=("PITCH",), rule="thresholds", high=high, low=low)
    tokenizer = ConceptTokenizer(gender_specific=("PITCH",), voice_quality=thresholds(high, low)).fit(descriptors, genders)
    expected = oracle.tokens(descriptors, genders)
    assert tokens_of(tokenizer, descriptors, genders) == expected
    assert expected != Oracle(descriptors, genders, gender_specific=("PITCH",), rule="thresholds").tokens(descriptors, genders)
    assert oracle.clearance > CLEARANCE


def test_voice_quality_thresholds_default_to_plus_and_minus_0_4():
    descriptors, genders = random_descriptors(6)
    results = [
        tokens_of(tokenizer.fit(descriptors, genders), descriptors, genders)
        for tokenizer in (
            ConceptTokenizer(voice_quality=VoiceQuality(rule="thresholds", first_harmonic="opensmile")),
            ConceptTokenizer(voice_quality=thresholds(0.4, -0.4)),
        )
    ]
    assert results[0] == results[1] == Oracle(descriptors, genders, rule="thresholds").tokens(descriptors, genders)


@functools.cache
def unit_tokenizer() -> ConceptTokenizer:
    return ConceptTokenizer(voice_quality=thresholds(0.4, -0.4)).fit(*unit_corpus())


def qualities(*changes: dict[str, float]) -> list[str]:
    """VOICE_QUALITY of utterances at these z, where all else is at the median."""
    return list(unit_tokenizer().transform(descriptor_rows(*changes), ["female"] * len(changes))["VOICE_QUALITY"])


def test_voice_quality_equals_the_rules_on_every_combination_of_low_middle_high():
    combinations = [dict(zip(QUALITY, values, strict=True)) for values in itertools.product((-1.0, 0.0, 1.0), repeat=len(QUALITY))]
    expected = [quality_by_rule(values) for values in combinations]
    assert set(expected) == set(TOKENS["VOICE_QUALITY"])
    assert qualities(*combinations) == expected


@pytest.mark.parametrize(
    ("z", "token"),
    [
        ({}, "MODAL"),
        ({F0: -0.4, JITTER: 0.4}, "CREAKY"),
        ({JITTER: 0.4, SHIMMER: 0.4, HNR: -0.4}, "ROUGH"),
        ({H1_H2: 0.4, H1_A3: 0.4, HNR: -0.4}, "BREATHY"),
        ({H1_H2: -0.4, H1_A3: -0.4}, "PRESSED"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_voice_quality_needs_all_its_conditions_and_its_thresholds_are_inclusive(z, token):
    assert qualities(z) == [token]
    for name, value in z.items():
        # One unit in the last place short of the threshold: z is x here without rounding (see unit_corpus).
        assert qualities({**z, name: float(np.nextafter(value, 0))}) == ["MODAL"]
        assert qualities({**z, name: -value}) == ["MODAL"]


CREAKY, ROUGH = {F0: -1.0, JITTER: 1.0}, {JITTER: 1.0, SHIMMER: 1.0, HNR: -1.0}
BREATHY, PRESSED = {H1_H2: 1.0, H1_A3: 1.0, HNR: -1.0}, {H1_H2: -1.0, H1_A3: -1.0}


@pytest.mark.parametrize(
    ("z", "token"),
    [
        (CREAKY | ROUGH, "CREAKY"),
        (CREAKY | BREATHY, "CREAKY"),
        (CREAKY | PRESSED, "CREAKY"),
        (CREAKY | ROUGH | BREATHY, "CREAKY"),
        (CREAKY | ROUGH | PRESSED, "CREAKY"),
        (ROUGH | BREATHY, "ROUGH"),
        (ROUGH | PRESSED, "ROUGH"),
    ],
)
def test_of_two_voice_qualities_that_hold_the_earlier_in_the_order_wins(z, token):
    # BREATHY and PRESSED exclude each other at thresholds of opposite sign; overlapping ones are tested below.
    assert qualities(z) == [token]


def test_breathy_comes_before_pressed_where_thresholds_overlap():
    tokenizer = ConceptTokenizer(voice_quality=thresholds(-0.5, 0.5)).fit(*unit_corpus())
    tried = descriptor_rows({JITTER: -0.75}, {JITTER: -0.75, HNR: 0.75})  # all other z are 0: both high and low at once
    assert list(tokenizer.transform(tried, ["male"] * 2)["VOICE_QUALITY"]) == ["BREATHY", "PRESSED"]


# ---------------------------------------------------------------- three scores


@pytest.mark.parametrize("gender_specific", [(), ("PITCH",)], ids=["all", "per gender"])
@pytest.mark.parametrize("seed", [21, 22, 23])
def test_scores_name_the_largest_that_stands_out(seed, gender_specific):
    descriptors, genders = random_descriptors(seed)
    oracle = Oracle(descriptors, genders, gender_specific=gender_specific)
    expected = oracle.tokens(descriptors, genders)
    tokenizer = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, genders)
    assert tokens_of(tokenizer, descriptors, genders) == expected
    assert {row[-1] for row in expected.values()} == {*TOKENS["VOICE_QUALITY"], UNVOICED}
    assert oracle.clearance > CLEARANCE


def test_scores_do_not_depend_on_the_unit_or_offset_of_a_measure():
    descriptors, genders = random_descriptors(24)
    # Powers of two and whole numbers, so that only the last digits can differ.
    changed = descriptors.assign(**{name: 4 * descriptors[name] + 8 for name in (JITTER, SHIMMER, HNR, *PHONETIC.values())})
    one, two = (ConceptTokenizer().fit(table, genders).transform(table, genders) for table in (descriptors, changed))
    assert one["VOICE_QUALITY"].equals(two["VOICE_QUALITY"])


@pytest.mark.parametrize("harmonic", ["phonetic", "opensmile"])
def test_the_first_harmonic_is_the_one_asked_for(harmonic):
    descriptors, genders = random_descriptors(25)
    asked = ConceptTokenizer(voice_quality=VoiceQuality(first_harmonic=harmonic)).fit(descriptors, genders).transform(descriptors, genders)
    others = {"phonetic": (H1_H2, H1_A3), "opensmile": tuple(PHONETIC.values())}[harmonic]
    mixed = descriptors.assign(**{name: descriptors[name].iloc[::-1].to_numpy() for name in others})
    again = ConceptTokenizer(voice_quality=VoiceQuality(first_harmonic=harmonic)).fit(mixed, genders).transform(mixed, genders)
    assert asked.equals(again)


def test_without_a_harmonic_only_roughness_can_stand_out():
    descriptors, genders = random_descriptors(26, unvoiced=0)
    tokenizer = ConceptTokenizer().fit(descriptors, genders)
    lost = descriptors.assign(**dict.fromkeys(PHONETIC.values(), np.nan))
    assert set(tokenizer.transform(lost, genders)["VOICE_QUALITY"]) == {"MODAL", "ROUGH", "CREAKY"}
