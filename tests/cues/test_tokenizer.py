"""Descriptors to tokens: against an oracle in plain Python, scikit-learn, and the laws of quantile bins.

The data are continuous and their sizes chosen so that no score lies on an edge by chance. The oracle asserts that every score
keeps clear of every edge by more than rounding could move it (``CLEARANCE``), so a difference in tokens is never a difference
in rounding. Ties are tested apart, on numbers that are exact in binary.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import KBinsDiscretizer, RobustScaler

from cuealign.config.entries.dataset import VoiceQuality
from cuealign.core.vocabulary import (
    CONCEPTS,
    MEDIAN_F0,
    ORDINAL,
    SPECTRAL_DESCRIPTORS,
    TOKENS,
    UNVOICED,
    VOICED,
    VOICED_CONCEPTS,
)
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import (
    ALL,
    CLEARANCE,
    F0,
    FLUX,
    GROUPINGS,
    HAMMARBERG,
    LOUDNESS,
    QUALITY,
    SIGNS,
    descriptor_rows,
    random_descriptors,
    tokens_of,
    unit_corpus,
)
from tests.support.tokenizer_oracle import Oracle, fitted_case

SLOPES = {name: VOICED + name for name in SPECTRAL_DESCRIPTORS}

fast = settings(max_examples=15, deadline=None)


@pytest.mark.parametrize("gender_specific", GROUPINGS, ids="+".join)
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "literal"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_tokens_equal_brute_force_on_fitted_and_unseen_utterances(seed, signed, gender_specific):
    descriptors, genders = random_descriptors(seed)
    unseen, unseen_genders = random_descriptors(seed + 1000, n=150)
    oracle = Oracle(descriptors, genders, gender_specific=gender_specific, signed_brightness=signed)
    tokenizer = ConceptTokenizer(gender_specific=gender_specific, signed_brightness=signed).fit(descriptors, genders)
    for table, table_genders in ((descriptors, genders), (unseen, unseen_genders)):
        expected = oracle.tokens(table, table_genders)
        assert tokens_of(tokenizer, table, table_genders) == expected
        assert {row[-1] for row in expected.values()} == {*TOKENS["VOICE_QUALITY"], UNVOICED}  # every token occurs
    assert oracle.clearance > CLEARANCE


def test_standardise_equals_robust_scaler_of_scikit_learn():
    descriptors, genders = random_descriptors(7)
    unseen, _ = random_descriptors(1007, n=40)
    names = sorted({*QUALITY, *(name for signs in SIGNS.values() for name in signs)})
    scaler = RobustScaler().fit(descriptors[names].to_numpy())
    plain = VoiceQuality(first_harmonic="opensmile")
    tokenizer = ConceptTokenizer(gender_specific=("PITCH", "FORMANTS"), voice_quality=plain).fit(descriptors, genders)
    for table in (descriptors, unseen):
        # The two round differently (percentiles of 25 and 75 against quantiles): relative 1e-12 is some thousand units in the last
        # place, and the absolute 1e-12 is for values near zero, where the subtraction of the median has cancelled digits.
        np.testing.assert_allclose(
            tokenizer.standardise(table)[names].to_numpy(), scaler.transform(table[names].to_numpy()), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "literal"])
def test_scores_equal_brute_force_and_are_nan_only_where_unvoiced(signed):
    descriptors, genders = random_descriptors(9)
    oracle = Oracle(descriptors, genders, signed_brightness=signed)
    scores = ConceptTokenizer(signed_brightness=signed).fit(descriptors, genders).scores(descriptors)
    expected = [[oracle.score(record, concept) for concept in ORDINAL] for record in descriptors.to_dict("records")]
    # As above: a mean of a few standardised values of order one.
    np.testing.assert_allclose(scores[list(ORDINAL)].to_numpy(), expected, rtol=1e-12, atol=1e-12)
    unvoiced = descriptors[F0].isna().to_numpy()
    assert unvoiced.any()
    for concept in ORDINAL:
        assert (scores[concept].isna().to_numpy() == (unvoiced & (concept in VOICED_CONCEPTS))).all()


def test_bins_equal_quantile_bins_of_scikit_learn():
    descriptors, genders = random_descriptors(10, unvoiced=0)
    tokenizer = ConceptTokenizer().fit(descriptors, genders)
    binner = KBinsDiscretizer(n_bins=5, encode="ordinal", strategy="quantile", quantile_method="linear", subsample=None)
    bins = binner.fit_transform(tokenizer.scores(descriptors)[list(ORDINAL)].to_numpy()).astype(int)
    expected = [tuple(TOKENS[concept][level] for concept, level in zip(ORDINAL, row, strict=True)) for row in bins]
    got = tokenizer.transform(descriptors, genders)[list(ORDINAL)].itertuples(index=False, name=None)
    assert list(got) == expected


# ---------------------------------------------------------------- bins and edges


@fast
@given(seed=st.integers(0, 10_000), n=st.integers(40, 160), gender_specific=st.sampled_from(GROUPINGS))
def test_each_bin_holds_a_fifth_of_the_fitted_group(seed, n, gender_specific):
    descriptors, genders = random_descriptors(seed, n=n, unvoiced=0.05)
    table = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, genders).transform(descriptors, genders)
    for concept in ORDINAL:
        groups = np.array(genders) if concept in gender_specific else np.full(n, "all")
        for group in set(groups):
            levels = table.loc[groups == group, concept]
            levels = levels[levels != UNVOICED]
            for token in TOKENS[concept]:
                # An edge has 0.2 k (m - 1) of the m scores below it, rounded up. Two such roundings and the missing 1 shift a
                # bin's size by less than 1.2 from m / 5; rounding of an edge that hits a score may move that one score too.
                assert abs((levels == token).sum() - len(levels) / 5) < 2.2


def test_score_equal_to_an_edge_belongs_to_the_bin_above():
    # Loudness 0, 1, .., 10: the median is 5 and the interquartile range 5; the quantile edges are the values 2, 4, 6, 8 themselves.
    descriptors = descriptor_rows(*({name: float(value) for name in ALL} for value in range(11)))
    genders = ["female"] * 11
    table = ConceptTokenizer().fit(descriptors, genders).transform(descriptors, genders)
    for concept in ("ENERGY", "PITCH", "DYNAMICS", "FORMANTS"):
        assert [TOKENS[concept].index(token) for token in table[concept]] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4]


@pytest.mark.parametrize(("concept", "name"), [("ENERGY", LOUDNESS), ("PITCH", F0), ("DYNAMICS", FLUX)])
def test_score_just_below_an_edge_belongs_to_the_bin_below(concept, name):
    fitted = descriptor_rows(*({name: float(value) for name in ALL} for value in range(11)))
    tokenizer = ConceptTokenizer().fit(fitted, ["female"] * 11)
    # 1e-9 is a million times what the rounding of (x - 5) / 5 can hide, and tiny compared with a bin's width of 2.
    tried = descriptor_rows(*({name: edge + step} for edge in (2, 4, 6, 8) for step in (-1e-9, 0.0)), {name: -1e6}, {name: 1e6})
    levels = [TOKENS[concept].index(token) for token in tokenizer.transform(tried, ["male"] * 10)[concept]]
    assert levels == [0, 1, 1, 2, 2, 3, 3, 4, 0, 4]


def test_five_scores_suffice_and_fill_the_five_bins():
    descriptors = descriptor_rows(*({name: float(value) for name in ALL} for value in (3, 0, 4, 1, 2)))
    table = ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, ["male"] * 5).transform(descriptors, ["male"] * 5)
    for concept in ("ENERGY", "PITCH", "DYNAMICS", "FORMANTS"):
        assert [TOKENS[concept].index(token) for token in table[concept]] == [3, 0, 4, 1, 2]


# ---------------------------------------------------------------- unvoiced utterances


@fast
@given(seed=st.integers(0, 10_000), unvoiced=st.floats(0, 0.4), gender_specific=st.sampled_from(GROUPINGS))
def test_unvoiced_stands_exactly_where_f0_is_missing_and_in_voiced_concepts_only(seed, unvoiced, gender_specific):
    descriptors, genders = random_descriptors(seed, n=103, unvoiced=unvoiced)
    table = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, genders).transform(descriptors, genders)
    for concept in CONCEPTS:
        expected = descriptors[F0].isna() if concept in VOICED_CONCEPTS else pd.Series(False, index=descriptors.index)
        assert list(table[concept] == UNVOICED) == list(expected)
        assert set(table[concept]) <= {*TOKENS[concept], UNVOICED}


def test_unvoiced_utterances_leave_the_voiced_edges_where_they_are():
    descriptors, genders, _ = fitted_case()
    voiced = descriptors[descriptors[F0].notna()]
    own = [gender for gender, keep in zip(genders, descriptors[F0].notna(), strict=True) if keep]
    assert len(voiced) < len(descriptors)
    with_them = ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, genders).transform(voiced, own)
    without = ConceptTokenizer(gender_specific=("PITCH",)).fit(voiced, own).transform(voiced, own)
    assert with_them[list(VOICED_CONCEPTS)].equals(without[list(VOICED_CONCEPTS)])


# ---------------------------------------------------------------- BRIGHTNESS


def spectra(n: int = 203) -> tuple[pd.DataFrame, list[str]]:
    """Spectra that go from dark to bright: little measurement noise, and all four descriptors move as physics has them move."""
    descriptors, genders = random_descriptors(14, n=n)
    rng = np.random.default_rng(0)
    bright = rng.permutation(np.linspace(-3, 3, n))
    for name, sign in SIGNS["BRIGHTNESS"].items():
        descriptors[name] = sign * bright + 0.01 * rng.normal(size=n)
    return descriptors.assign(truth=bright), genders


def test_brighter_spectra_get_brighter_tokens():
    descriptors, genders = spectra()
    truth = descriptors.pop("truth")
    table = ConceptTokenizer().fit(descriptors, genders).transform(descriptors, genders)
    ordered = table.assign(truth=truth).sort_values("truth")["BRIGHTNESS"].map(TOKENS["BRIGHTNESS"].index).to_numpy()
    # Noise of 0.01 against steps of 0.03 lets neighbours at an edge change places, but none that are further apart than a few ranks.
    assert (ordered[8:] >= ordered[:-8]).all()
    assert (ordered[0], ordered[-1]) == (0, 4)


def test_literal_average_gives_other_tokens_than_the_signed_one():
    descriptors, genders = random_descriptors(14)
    signed = ConceptTokenizer().fit(descriptors, genders).transform(descriptors, genders)
    literal = ConceptTokenizer(signed_brightness=False).fit(descriptors, genders).transform(descriptors, genders)
    # Four independent descriptors of like spread: with the sign of one of them reversed, the two averages correlate by about one
    # half, and most utterances change level. A quarter is far below that and far above a difference by rounding.
    assert (signed["BRIGHTNESS"] != literal["BRIGHTNESS"]).mean() > 0.25
    others = [concept for concept in CONCEPTS if concept != "BRIGHTNESS"]
    assert signed[others].equals(literal[others])


def test_darker_spectrum_by_hammarberg_index_is_darker_when_signed_and_brighter_when_literal():
    darker = descriptor_rows({HAMMARBERG: -20.0}, {}, {HAMMARBERG: 20.0})
    for signed, levels in ((True, [4, 2, 0]), (False, [0, 2, 4])):
        table = ConceptTokenizer(signed_brightness=signed).fit(*unit_corpus()).transform(darker, ["female"] * 3)
        assert [TOKENS["BRIGHTNESS"].index(token) for token in table["BRIGHTNESS"]] == levels


def test_literal_and_signed_score_differ_by_half_the_hammarberg_index():
    descriptors, genders = random_descriptors(15)
    signed, literal = (ConceptTokenizer(signed_brightness=sign).fit(descriptors, genders) for sign in (True, False))
    difference = literal.scores(descriptors)["BRIGHTNESS"].to_numpy() - signed.scores(descriptors)["BRIGHTNESS"].to_numpy()
    # (+z) / 4 - (-z) / 4; values of order one, so 1e-12 is rounding.
    np.testing.assert_allclose(difference, literal.standardise(descriptors)[HAMMARBERG].to_numpy() / 2, atol=1e-12)
    assert np.abs(difference).max() > 0.1


# ---------------------------------------------------------------- other frames


@pytest.mark.parametrize(("options", "columns"), [({"f0": "median"}, {F0: MEDIAN_F0}), ({"brightness_frames": "voiced"}, SLOPES)])
def test_options_of_frames_take_the_other_column_and_change_no_other_concept(options, columns):
    descriptors, genders = random_descriptors(17, unvoiced=0)
    moved = descriptors.assign(**{name: descriptors[column] for name, column in columns.items()})
    changed = ConceptTokenizer(**options).fit(descriptors, genders).transform(descriptors, genders)
    assert changed.equals(ConceptTokenizer().fit(moved, genders).transform(moved, genders))
    assert not changed.equals(ConceptTokenizer().fit(descriptors, genders).transform(descriptors, genders))


def test_brightness_over_voiced_frames_keeps_all_frames_of_an_unvoiced_utterance():
    descriptors, genders = random_descriptors(18)
    unvoiced = descriptors[F0].isna().to_numpy()
    filled = descriptors.assign(**{column: descriptors[column].fillna(descriptors[name]) for name, column in SLOPES.items()})
    one, two = (ConceptTokenizer(brightness_frames="voiced").fit(table, genders) for table in (descriptors, filled))
    assert one.transform(descriptors, genders)["BRIGHTNESS"][unvoiced].equals(two.transform(filled, genders)["BRIGHTNESS"][unvoiced])
    assert unvoiced.any()
