"""What may change without changing the tokens, and what a change of a descriptor does to them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuealign.config.entries.dataset import VoiceQuality
from cuealign.core.errors import InputError
from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, TOKENS, UNVOICED
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import ALL, F0, FLUX, GROUPINGS, LOUDNESS, SIGNS, USES, random_descriptors, tokens_of, unit_corpus
from tests.support.tokenizer_oracle import fitted_case

fast = settings(max_examples=15, deadline=None)


@settings(max_examples=25, deadline=None)
@given(
    changes=st.dictionaries(st.sampled_from(DESCRIPTORS), st.tuples(st.floats(0.01, 100), st.floats(-1000, 1000)), min_size=1),
    gender_specific=st.sampled_from(GROUPINGS),
)
def test_tokens_do_not_change_with_a_positive_affine_change_of_descriptors(changes, gender_specific):
    descriptors, genders, expected = fitted_case()
    changed = descriptors.copy()
    for name, (scale, shift) in changes.items():
        changed[name] = scale * changed[name] + shift
    assert tokens_of(ConceptTokenizer(gender_specific=gender_specific).fit(changed, genders), changed, genders) == expected[gender_specific]


@fast
@given(name=st.sampled_from([LOUDNESS, F0, FLUX]), scale=st.floats(0.01, 100))
def test_negative_scale_mirrors_the_levels_of_a_single_descriptor_concept(name, scale):
    descriptors, genders, expected = fitted_case()
    concept = next(concept for concept, signs in SIGNS.items() if set(signs) == {name})
    column = CONCEPTS.index(concept)
    changed = descriptors.assign(**{name: -scale * descriptors[name]})
    mirrored = tokens_of(ConceptTokenizer().fit(changed, genders), changed, genders)
    mirror = dict(zip(TOKENS[concept], reversed(TOKENS[concept]), strict=True)) | {UNVOICED: UNVOICED}
    assert {key: row[column] for key, row in mirrored.items()} == {key: mirror[row[column]] for key, row in expected[()].items()}


@fast
@given(order=st.permutations(range(203)), gender_specific=st.sampled_from(GROUPINGS))
def test_order_of_utterances_does_not_matter(order, gender_specific):
    descriptors, genders, expected = fitted_case()
    shuffled, own = descriptors.iloc[list(order)].reset_index(drop=True), [genders[i] for i in order]
    tokenizer = ConceptTokenizer(gender_specific=gender_specific).fit(shuffled, own)
    assert tokens_of(tokenizer, shuffled, own) == expected[gender_specific]
    assert list(tokenizer.transform(shuffled, own)["utterance"]) == list(shuffled["utterance"])


@fast
@given(chosen=st.sets(st.integers(0, 202), min_size=1, max_size=10))
def test_tokens_of_an_utterance_do_not_depend_on_the_others_transformed(chosen):
    descriptors, genders, expected = fitted_case()
    tokenizer = ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, genders)
    part = descriptors.iloc[sorted(chosen)]
    got = tokens_of(tokenizer, part, [genders[i] for i in sorted(chosen)])
    assert got == {key: expected[("PITCH",)][key] for key in part["utterance"]}


@pytest.mark.parametrize("name", ALL)
def test_a_concept_depends_on_its_own_descriptors_only(name):
    descriptors, genders, expected = fitted_case()
    rng = np.random.default_rng(0)
    changed = descriptors.copy()
    present = changed[name].notna()
    changed.loc[present, name] = rng.permutation(changed.loc[present, name].to_numpy())
    got = tokens_of(ConceptTokenizer().fit(changed, genders), changed, genders)
    for column, concept in enumerate(CONCEPTS):
        same = all(row[column] == expected[()][key][column] for key, row in got.items())
        assert same == (name not in USES[concept])


@fast
@given(
    case=st.sampled_from([(concept, name, sign) for concept, signs in SIGNS.items() for name, sign in signs.items()]),
    start=st.integers(0, 128),
    steps=st.lists(st.floats(-20, 20), min_size=2, max_size=6),
)
def test_levels_follow_each_descriptor_in_the_direction_of_its_sign(case, start, steps):
    concept, name, sign = case
    descriptors, genders = unit_corpus()
    tokenizer = ConceptTokenizer().fit(descriptors, genders)
    # The extremes are far outside the corpus: 20 interquartile ranges of one of at most four descriptors outweigh the others.
    steps = [-20.0, *sorted(steps), 20.0]
    tried = pd.concat([descriptors.iloc[[start]]] * len(steps), ignore_index=True)
    tried[name] = [sign * step for step in steps]
    levels = [TOKENS[concept].index(token) for token in tokenizer.transform(tried, ["female"] * len(steps))[concept]]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 4)


# ---------------------------------------------------------------- saved, fitted again


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    gender_specific=st.sampled_from(GROUPINGS),
    signed=st.booleans(),
    voice_quality=st.builds(
        VoiceQuality,
        rule=st.sampled_from(["scores", "thresholds"]),
        high=st.floats(0, 2, exclude_min=True),
        low=st.floats(-2, 0, exclude_max=True),
    ),
)
def test_tokenizer_survives_json(seed, gender_specific, signed, voice_quality):
    descriptors, genders = random_descriptors(seed, n=103)
    unseen, unseen_genders = random_descriptors(seed + 1000, n=37)
    tokenizer = ConceptTokenizer(gender_specific=gender_specific, signed_brightness=signed, voice_quality=voice_quality)
    tokenizer.fit(descriptors, genders)
    text = json.dumps(tokenizer.to_dict(), allow_nan=False)
    restored = ConceptTokenizer.from_dict(json.loads(text))
    assert json.dumps(restored.to_dict(), allow_nan=False) == text
    for table, own in ((descriptors, genders), (unseen, unseen_genders)):
        # Bit for bit: JSON writes floats by their shortest form that reads back as the same number.
        pd.testing.assert_frame_equal(restored.transform(table, own), tokenizer.transform(table, own))
        pd.testing.assert_frame_equal(restored.standardise(table), tokenizer.standardise(table), check_exact=True)
        pd.testing.assert_frame_equal(restored.scores(table), tokenizer.scores(table), check_exact=True)


def test_restored_tokenizer_still_refuses_a_gender_that_fit_never_saw():
    descriptors, _ = random_descriptors(16)
    tokenizer = ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, ["female"] * 203)
    restored = ConceptTokenizer.from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    with pytest.raises(InputError):
        restored.transform(descriptors.head(1), ["male"])


def test_fit_returns_the_tokenizer_and_fit_and_transform_leave_their_input_alone():
    descriptors, genders = random_descriptors(17)
    before, genders_before = descriptors.copy(deep=True), list(genders)
    tokenizer = ConceptTokenizer(gender_specific=("PITCH", "FORMANTS"))
    assert tokenizer.fit(descriptors, genders) is tokenizer
    tokenizer.transform(descriptors, genders)
    tokenizer.standardise(descriptors)
    tokenizer.scores(descriptors)
    pd.testing.assert_frame_equal(descriptors, before, check_exact=True)
    assert genders == genders_before


def test_fitting_again_forgets_the_first_corpus():
    first, first_genders = random_descriptors(18)
    second, second_genders = random_descriptors(19)
    twice = ConceptTokenizer(gender_specific=("PITCH",)).fit(first, first_genders).fit(second, second_genders)
    once = ConceptTokenizer(gender_specific=("PITCH",)).fit(second, second_genders)
    assert twice.to_dict() == once.to_dict()
    assert tokens_of(twice, first, first_genders) == tokens_of(once, first, first_genders)
