"""Edges per gender."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuealign.core.errors import InputError
from cuealign.core.vocabulary import ORDINAL, TOKENS
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import F0, FORMANTS, GROUPINGS, random_descriptors, tokens_of
from tests.support.tokenizer_oracle import Oracle, centre_and_spread

fast = settings(max_examples=15, deadline=None)


def octave_apart(n: int = 103) -> tuple[pd.DataFrame, list[str]]:
    """Women's and men's pitch and formants do not overlap; otherwise the genders do not differ."""
    descriptors, _ = random_descriptors(11, n=2 * n, unvoiced=0)
    genders = ["female", "male"] * n
    for name in (F0, *FORMANTS):
        descriptors[name] += np.where(np.array(genders) == "female", 1e4, 0.0)
    return descriptors, genders


@pytest.mark.parametrize("concept", ["PITCH", "FORMANTS"])
def test_only_gender_specific_edges_undo_a_shift_between_the_genders(concept):
    descriptors, genders = octave_apart()
    of_gender = np.array(genders)
    pooled = ConceptTokenizer().fit(descriptors, genders).transform(descriptors, genders)
    parted = ConceptTokenizer(gender_specific=(concept,)).fit(descriptors, genders).transform(descriptors, genders)
    lowest, highest = TOKENS[concept][0], TOKENS[concept][-1]
    assert set(pooled.loc[pooled[concept] == lowest, "utterance"]) <= set(pooled.loc[of_gender == "male", "utterance"])
    assert set(pooled.loc[pooled[concept] == highest, "utterance"]) <= set(pooled.loc[of_gender == "female", "utterance"])
    for gender in ("female", "male"):
        assert set(parted.loc[of_gender == gender, concept]) == set(TOKENS[concept])
    others = [other for other in ORDINAL if other != concept]
    assert parted[others].equals(pooled[others])


def test_creaky_uses_the_pitch_group_and_no_other_grouping():
    descriptors, genders = octave_apart()
    found = {}
    for gender_specific in GROUPINGS:
        table = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, genders).transform(descriptors, genders)
        assert list(table["VOICE_QUALITY"]) == [
            row[-1] for row in Oracle(descriptors, genders, gender_specific=gender_specific).tokens(descriptors, genders).values()
        ]
        found[gender_specific] = {gender for gender, token in zip(genders, table["VOICE_QUALITY"], strict=True) if token == "CREAKY"}
    # Pooled, only men are low enough; within the genders, women are creaky too.
    assert found == {(): {"male"}, ("FORMANTS",): {"male"}, ("PITCH",): {"female", "male"}, ("PITCH", "FORMANTS"): {"female", "male"}}


@fast
@given(seed=st.integers(0, 10_000), data=st.data())
def test_genders_do_not_matter_unless_asked_for(seed, data):
    descriptors, genders = random_descriptors(seed, n=43)
    others = data.draw(st.lists(st.sampled_from(["female", "male", "unknown"]), min_size=43, max_size=43))
    assert tokens_of(ConceptTokenizer().fit(descriptors, genders), descriptors, genders) == tokens_of(
        ConceptTokenizer().fit(descriptors, others), descriptors, others[::-1]
    )


def test_genders_are_matched_by_position_and_not_by_index():
    descriptors, genders = random_descriptors(12)
    expected = tokens_of(ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, genders), descriptors, genders)
    order = np.random.default_rng(0).permutation(len(genders))
    shuffled = descriptors.iloc[order]  # keeps its old index
    for own in ([genders[i] for i in order], pd.Series([genders[i] for i in order]), np.array(genders)[order]):
        tokenizer = ConceptTokenizer(gender_specific=("PITCH",)).fit(shuffled, own)
        assert tokens_of(tokenizer, shuffled, own) == expected


@pytest.mark.parametrize("names", [("ENERGY",), ("BRIGHTNESS",), ("VOICE_QUALITY",), ("PITCH", "DYNAMICS"), ("pitch",), ("nonsense",)])
def test_only_pitch_and_formants_can_be_gender_specific(names):
    with pytest.raises(ValueError, match=names[-1]):
        ConceptTokenizer(gender_specific=names)


@pytest.mark.parametrize("gender_specific", GROUPINGS[1:], ids="+".join)
def test_unknown_gender_is_refused_by_utterance_where_edges_are_gender_specific(gender_specific):
    descriptors, genders = random_descriptors(22, unvoiced=0)
    tokenizer = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, genders)
    unknown = [*genders[:57], "unknown", *genders[58:]]
    with pytest.raises(InputError, match="u0057"):
        ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, unknown)
    with pytest.raises(InputError, match="u0057"):
        tokenizer.transform(descriptors, unknown)
    # Neither is an error where no edges are gender-specific.
    ConceptTokenizer().fit(descriptors, unknown).transform(descriptors, unknown)


@pytest.mark.parametrize("gender_specific", GROUPINGS[1:], ids="+".join)
@pytest.mark.parametrize(("seen", "unseen"), [("female", "male"), ("male", "female")])
def test_gender_that_fit_never_saw_is_refused(seen, unseen, gender_specific):
    descriptors, _ = random_descriptors(23, unvoiced=0)
    tokenizer = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, [seen] * 203)
    with pytest.raises(InputError, match=unseen):
        tokenizer.transform(descriptors.head(3), [seen, unseen, seen])
    assert len(tokenizer.transform(descriptors.head(3), [seen] * 3)) == 3


@pytest.mark.parametrize("concept", ["PITCH", "FORMANTS"])
@pytest.mark.parametrize("members", [1, 4, 5])
def test_gender_with_fewer_than_five_scores_is_refused(concept, members):
    descriptors, _ = random_descriptors(24, unvoiced=0)
    genders = ["male"] * members + ["female"] * (203 - members)
    tokenizer = ConceptTokenizer(gender_specific=(concept,))
    if members == 5:
        assert set(tokenizer.fit(descriptors, genders).transform(descriptors, genders)[concept].head(5)) == set(TOKENS[concept])
    else:
        with pytest.raises(InputError):
            tokenizer.fit(descriptors, genders)


def test_pitch_without_spread_within_a_gender_is_refused_by_name():
    descriptors, genders = random_descriptors(21, unvoiced=0)
    descriptors.loc[np.array(genders) == "male", F0] = 20.0
    assert centre_and_spread(list(descriptors[F0]))[1] > 0
    ConceptTokenizer().fit(descriptors, genders)  # pooled, it has spread
    with pytest.raises(InputError) as caught:
        ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, genders)
    assert F0 in str(caught.value)
