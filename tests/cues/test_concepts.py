"""Descriptors to tokens, against an oracle in plain Python and against the laws that hold whatever the data.

The data are continuous and their sizes chosen so that no score lies on an edge by chance: the oracle asserts that every score
keeps clear of every edge by more than rounding could move it (``CLEARANCE``), so a difference in tokens is never a difference
in rounding. Ties are tested apart, on numbers that are exact in binary.
"""

import functools
import itertools
import json
import math
import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import KBinsDiscretizer, RobustScaler

from cuealign.core.errors import InputError
from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, ORDINAL, TOKENS, UNVOICED, VOICED_CONCEPTS, VOICED_DESCRIPTORS
from cuealign.cues.tokenizer import ConceptTokenizer

LOUDNESS = "Loudness_sma3"
F0 = "F0semitoneFrom27.5Hz_sma3nz"
FLUX = "spectralFlux_sma3"
FORMANTS = ("F1frequency_sma3nz", "F2frequency_sma3nz", "F3frequency_sma3nz")
ALPHA, HAMMARBERG, SLOPE_LOW, SLOPE_HIGH = "alphaRatio_sma3", "hammarbergIndex_sma3", "slope0-500_sma3", "slope500-1500_sma3"
JITTER, SHIMMER, HNR = "jitterLocal_sma3nz", "shimmerLocaldB_sma3nz", "HNRdBACF_sma3nz"
H1_H2, H1_A3 = "logRelF0-H1-H2_sma3nz", "logRelF0-H1-A3_sma3nz"
QUALITY = (F0, JITTER, SHIMMER, HNR, H1_H2, H1_A3)

# Which descriptors each concept may look at, and the sign by which each enters.
SIGNS = {
    "ENERGY": {LOUDNESS: 1},
    "PITCH": {F0: 1},
    "BRIGHTNESS": {ALPHA: 1, HAMMARBERG: -1, SLOPE_LOW: 1, SLOPE_HIGH: 1},
    "DYNAMICS": {FLUX: 1},
    "FORMANTS": dict.fromkeys(FORMANTS, 1),
}
USES = {**{concept: set(signs) for concept, signs in SIGNS.items()}, "VOICE_QUALITY": set(QUALITY)}
GROUPINGS = ((), ("PITCH",), ("FORMANTS",), ("PITCH", "FORMANTS"))

# Rounding moves a score by some 1e-15; after the affine changes below, by up to 1e-11 (a shift of 1000 against a spread of 0.01
# costs five digits of sixteen). Scores are of order one, so 1e-9 is beyond either and far below the spacing of the scores.
CLEARANCE = 1e-9

fast = settings(max_examples=15, deadline=None)


# ----------------------------------------------------------------------------------------------------------------- data


def corpus(seed: int, n: int = 203, unvoiced: float = 0.1) -> tuple[pd.DataFrame, list[str]]:
    """Random descriptors of unlike scales and skews, some rows without voicing, and genders that shift pitch and formants.

    Corpora whose seeds differ by a multiple of 1000 are other utterances of the same kind: they share scales and skews.
    Where a group has 5 k + 1 scores its edges are scores themselves; genders and silent rows are drawn again until none has.
    """
    rng = np.random.default_rng(seed)
    kind = np.random.default_rng(seed % 1000)
    for _ in range(100):  # where n itself is 5 k + 1 and all are voiced, no draw will do; the callers then have no need of it
        female, silent = rng.random(n) < 0.45, rng.random(n) < unvoiced
        groups = (~silent, female, ~female, female & ~silent, ~female & ~silent)
        if all(group.sum() % 5 != 1 for group in groups):
            break
    genders = ["female" if flag else "male" for flag in female]
    columns: dict[str, object] = {"utterance": [f"u{index:04d}" for index in range(n)]}
    for name in DESCRIPTORS:
        values = rng.normal(size=n) if kind.random() < 0.5 else rng.gumbel(size=n)
        columns[name] = kind.uniform(-50, 50) + kind.uniform(0.1, 200) * values
    table = pd.DataFrame(columns)
    for name in (F0, *FORMANTS):
        table.loc[female, name] += 1.3 * table[name].std()
    table.loc[silent, list(VOICED_DESCRIPTORS)] = np.nan
    table["voiced_fraction"] = np.where(silent, 0.0, rng.uniform(0.05, 1.0, size=n))
    return table, genders


def tokens_of(tokenizer: ConceptTokenizer, descriptors: pd.DataFrame, genders) -> dict[str, tuple[str, ...]]:
    """Token sequence of each utterance."""
    table = tokenizer.transform(descriptors, genders)
    assert list(table.columns) == ["utterance", *CONCEPTS]
    return {row[0]: tuple(row[1:]) for row in table.itertuples(index=False, name=None)}


def unit_corpus() -> tuple[pd.DataFrame, list[str]]:
    """Descriptors with median 0 and interquartile range 1, exactly: multiples of 1/64 from -1 to 1, each column in its own order.

    Hence z is x, without rounding, and a threshold can be met to the last bit.
    """
    rng = np.random.default_rng(0)
    grid = np.arange(-64, 65) / 64
    table = pd.DataFrame(
        {"utterance": [f"u{index:03d}" for index in range(len(grid))]} | {name: rng.permutation(grid) for name in DESCRIPTORS}
    )
    table["voiced_fraction"] = 0.5
    return table, ["female", "male"] * 64 + ["female"]


def rows(*changes: dict[str, float]) -> pd.DataFrame:
    """One utterance for each mapping: the descriptors it names, and 0 elsewhere."""
    table = pd.DataFrame([dict.fromkeys(DESCRIPTORS, 0.0) | change for change in changes])
    table.insert(0, "utterance", [f"x{index:04d}" for index in range(len(changes))])
    table["voiced_fraction"] = 0.5
    return table


# --------------------------------------------------------------------------------------------------------------- oracle


def quantile(values: list[float], q: float) -> float:
    """Linear quantile: position q (n - 1) in the sorted values."""
    values = sorted(values)
    position = q * (len(values) - 1)
    below = math.floor(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (position - below) * (values[above] - values[below])


def centre_and_spread(values: list[float]) -> tuple[float, float]:
    kept = [value for value in values if not math.isnan(value)]
    return statistics.median(kept), quantile(kept, 0.75) - quantile(kept, 0.25)


class Oracle:
    """The rules, one utterance and one number at a time."""

    def __init__(self, descriptors, genders, *, gender_specific=(), signed_brightness=True, high=0.4, low=-0.4):
        self.gender_specific, self.signed, self.high, self.low = gender_specific, signed_brightness, high, low
        self.clearance = math.inf
        records = descriptors.to_dict("records")
        self.scale = {name: centre_and_spread([record[name] for record in records]) for name in DESCRIPTORS}
        self.pitch_scale = {}
        for group in set(genders) if "PITCH" in gender_specific else {None}:
            own = [record[F0] for record, gender in zip(records, genders, strict=True) if group in (None, gender)]
            self.pitch_scale[group] = centre_and_spread(own)
        self.edges = {}
        for concept in ORDINAL:
            for group in set(genders) if concept in gender_specific else {None}:
                scores = [self.score(record, concept) for record, gender in zip(records, genders, strict=True) if group in (None, gender)]
                scores = [score for score in scores if not math.isnan(score)]
                self.edges[concept, group] = [quantile(scores, q) for q in (0.2, 0.4, 0.6, 0.8)]

    def z(self, record, name):
        centre, spread = self.scale[name]
        return (record[name] - centre) / spread

    def score(self, record, concept):
        total = 0.0
        for name, sign in SIGNS[concept].items():
            total += (sign if self.signed else 1) * self.z(record, name)
        return total / len(SIGNS[concept])

    def level(self, record, gender, concept):
        score = self.score(record, concept)
        edges = self.edges[concept, gender if concept in self.gender_specific else None]
        self.clearance = min(self.clearance, *(abs(score - edge) for edge in edges))
        reached = 0
        for edge in edges:
            if score >= edge:
                reached += 1
        return TOKENS[concept][reached]

    def quality(self, record, gender):
        centre, spread = self.pitch_scale[gender if "PITCH" in self.gender_specific else None]
        values = {name: self.z(record, name) for name in QUALITY} | {F0: (record[F0] - centre) / spread}
        self.clearance = min(self.clearance, *(min(abs(z - self.high), abs(z - self.low)) for z in values.values()))
        return quality_by_rule(values, self.high, self.low)

    def tokens(self, descriptors, genders) -> dict[str, tuple[str, ...]]:
        result = {}
        for record, gender in zip(descriptors.to_dict("records"), genders, strict=True):
            voiced = not math.isnan(record[F0])
            row = []
            for concept in CONCEPTS:
                if concept in VOICED_CONCEPTS and not voiced:
                    row.append("UNVOICED")
                elif concept == "VOICE_QUALITY":
                    row.append(self.quality(record, gender))
                else:
                    row.append(self.level(record, gender, concept))
            result[record["utterance"]] = tuple(row)
        return result


def quality_by_rule(z: dict[str, float], high: float = 0.4, low: float = -0.4) -> str:
    """The first rule that holds."""
    if z[F0] <= low and z[JITTER] >= high:
        return "CREAKY"
    if z[JITTER] >= high and z[SHIMMER] >= high and z[HNR] <= low:
        return "ROUGH"
    if z[H1_H2] >= high and z[H1_A3] >= high and z[HNR] <= low:
        return "BREATHY"
    if z[H1_H2] <= low and z[H1_A3] <= low:
        return "PRESSED"
    return "MODAL"


# ------------------------------------------------------------------------------------------------- against the oracle


@pytest.mark.parametrize("gender_specific", GROUPINGS, ids="+".join)
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "literal"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_tokens_equal_brute_force_on_fitted_and_unseen_utterances(seed, signed, gender_specific):
    descriptors, genders = corpus(seed)
    unseen, unseen_genders = corpus(seed + 1000, n=150)
    oracle = Oracle(descriptors, genders, gender_specific=gender_specific, signed_brightness=signed)
    tokenizer = ConceptTokenizer(gender_specific=gender_specific, signed_brightness=signed).fit(descriptors, genders)
    for table, table_genders in ((descriptors, genders), (unseen, unseen_genders)):
        expected = oracle.tokens(table, table_genders)
        assert tokens_of(tokenizer, table, table_genders) == expected
        assert {row[-1] for row in expected.values()} == {*TOKENS["VOICE_QUALITY"], UNVOICED}  # the data try every token
    assert oracle.clearance > CLEARANCE


@pytest.mark.parametrize(("high", "low"), [(0.1, -0.1), (1.0, -0.2), (0.05, 0.3)])
def test_voice_quality_thresholds_are_those_given(high, low):
    descriptors, genders = corpus(5)
    oracle = Oracle(descriptors, genders, gender_specific=("PITCH",), high=high, low=low)
    tokenizer = ConceptTokenizer(gender_specific=("PITCH",), voice_quality={"high": high, "low": low}).fit(descriptors, genders)
    expected = oracle.tokens(descriptors, genders)
    assert tokens_of(tokenizer, descriptors, genders) == expected
    assert expected != Oracle(descriptors, genders, gender_specific=("PITCH",)).tokens(descriptors, genders)
    assert oracle.clearance > CLEARANCE


def test_voice_quality_thresholds_default_to_plus_and_minus_0_4():
    descriptors, genders = corpus(6)
    results = [
        tokens_of(tokenizer.fit(descriptors, genders), descriptors, genders)
        for tokenizer in (
            ConceptTokenizer(),
            ConceptTokenizer(voice_quality=None),
            ConceptTokenizer(voice_quality={"high": 0.4, "low": -0.4}),
        )
    ]
    assert results[0] == results[1] == results[2] == Oracle(descriptors, genders).tokens(descriptors, genders)


def test_standardise_equals_robust_scaler_of_scikit_learn():
    descriptors, genders = corpus(7)
    unseen, _ = corpus(1007, n=40)
    names = sorted(set().union(*USES.values()))
    scaler = RobustScaler().fit(descriptors[names].to_numpy())
    tokenizer = ConceptTokenizer(gender_specific=("PITCH", "FORMANTS")).fit(descriptors, genders)
    for table in (descriptors, unseen):
        # The two round differently (percentiles of 25 and 75 against quantiles): relative 1e-12 is some thousand units in the last
        # place, and the absolute 1e-12 is for values near zero, where the subtraction of the median has cancelled digits.
        np.testing.assert_allclose(
            tokenizer.standardise(table)[names].to_numpy(), scaler.transform(table[names].to_numpy()), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "literal"])
def test_scores_equal_brute_force_and_are_nan_only_where_unvoiced(signed):
    descriptors, genders = corpus(9)
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
    descriptors, genders = corpus(10, unvoiced=0)
    tokenizer = ConceptTokenizer().fit(descriptors, genders)
    binner = KBinsDiscretizer(n_bins=5, encode="ordinal", strategy="quantile", quantile_method="linear", subsample=None)
    bins = binner.fit_transform(tokenizer.scores(descriptors)[list(ORDINAL)].to_numpy()).astype(int)
    expected = [tuple(TOKENS[concept][level] for concept, level in zip(ORDINAL, row, strict=True)) for row in bins]
    got = tokenizer.transform(descriptors, genders)[list(ORDINAL)].itertuples(index=False, name=None)
    assert list(got) == expected


# ------------------------------------------------------------------------------------------------------ bins and edges


@fast
@given(seed=st.integers(0, 10_000), n=st.integers(40, 160), gender_specific=st.sampled_from(GROUPINGS))
def test_each_bin_holds_a_fifth_of_the_fitted_group(seed, n, gender_specific):
    descriptors, genders = corpus(seed, n=n, unvoiced=0.05)
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
    descriptors = rows(*({name: float(value) for name in DESCRIPTORS} for value in range(11)))
    genders = ["female"] * 11
    table = ConceptTokenizer().fit(descriptors, genders).transform(descriptors, genders)
    for concept in ("ENERGY", "PITCH", "DYNAMICS", "FORMANTS"):
        assert [TOKENS[concept].index(token) for token in table[concept]] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4]


@pytest.mark.parametrize(("concept", "name"), [("ENERGY", LOUDNESS), ("PITCH", F0), ("DYNAMICS", FLUX)])
def test_score_just_below_an_edge_belongs_to_the_bin_below(concept, name):
    fitted = rows(*({name: float(value) for name in DESCRIPTORS} for value in range(11)))
    tokenizer = ConceptTokenizer().fit(fitted, ["female"] * 11)
    # 1e-9 is a million times what the rounding of (x - 5) / 5 can swallow, and nothing against the width of 2 of a bin.
    tried = rows(*({name: edge + step} for edge in (2, 4, 6, 8) for step in (-1e-9, 0.0)), {name: -1e6}, {name: 1e6})
    levels = [TOKENS[concept].index(token) for token in tokenizer.transform(tried, ["male"] * 10)[concept]]
    assert levels == [0, 1, 1, 2, 2, 3, 3, 4, 0, 4]


def test_five_scores_suffice_and_fill_the_five_bins():
    descriptors = rows(*({name: float(value) for name in DESCRIPTORS} for value in (3, 0, 4, 1, 2)))
    table = ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, ["male"] * 5).transform(descriptors, ["male"] * 5)
    for concept in ("ENERGY", "PITCH", "DYNAMICS", "FORMANTS"):
        assert [TOKENS[concept].index(token) for token in table[concept]] == [3, 0, 4, 1, 2]


# ----------------------------------------------------------------------------------------------------------- genders


def octave_apart(n: int = 103) -> tuple[pd.DataFrame, list[str]]:
    """Women's and men's pitch and formants do not overlap; otherwise the genders do not differ."""
    descriptors, _ = corpus(11, n=2 * n, unvoiced=0)
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
    descriptors, genders = corpus(seed, n=43)
    others = data.draw(st.lists(st.sampled_from(["female", "male", "unknown"]), min_size=43, max_size=43))
    assert tokens_of(ConceptTokenizer().fit(descriptors, genders), descriptors, genders) == tokens_of(
        ConceptTokenizer().fit(descriptors, others), descriptors, others[::-1]
    )


def test_genders_are_matched_by_position_and_not_by_index():
    descriptors, genders = corpus(12)
    expected = tokens_of(ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, genders), descriptors, genders)
    order = np.random.default_rng(0).permutation(len(genders))
    shuffled = descriptors.iloc[order]  # keeps its old index
    for own in ([genders[i] for i in order], pd.Series([genders[i] for i in order]), np.array(genders)[order]):
        tokenizer = ConceptTokenizer(gender_specific=("PITCH",)).fit(shuffled, own)
        assert tokens_of(tokenizer, shuffled, own) == expected


# -------------------------------------------------------------------------------------------------------- symmetries


@functools.cache
def fitted_case() -> tuple[pd.DataFrame, list[str], dict]:
    """A corpus and its tokens by each grouping, clear of all edges."""
    descriptors, genders = corpus(13)
    expected = {}
    for gender_specific in GROUPINGS:
        oracle = Oracle(descriptors, genders, gender_specific=gender_specific)
        oracle.tokens(descriptors, genders)
        assert oracle.clearance > CLEARANCE
        tokenizer = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, genders)
        expected[gender_specific] = tokens_of(tokenizer, descriptors, genders)
    return descriptors, genders, expected


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


@pytest.mark.parametrize("name", DESCRIPTORS)
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


# -------------------------------------------------------------------------------------------------------- brightness


def spectra(n: int = 203) -> tuple[pd.DataFrame, list[str]]:
    """Spectra that go from dark to bright: little measurement noise, and all four descriptors move as physics has them move."""
    descriptors, genders = corpus(14, n=n)
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
    descriptors, genders = corpus(14)
    signed = ConceptTokenizer().fit(descriptors, genders).transform(descriptors, genders)
    literal = ConceptTokenizer(signed_brightness=False).fit(descriptors, genders).transform(descriptors, genders)
    # Four independent descriptors of like spread: with the sign of one of them reversed, the two averages correlate by about one
    # half, and most utterances change level. A quarter is far below that and far above a difference by rounding.
    assert (signed["BRIGHTNESS"] != literal["BRIGHTNESS"]).mean() > 0.25
    others = [concept for concept in CONCEPTS if concept != "BRIGHTNESS"]
    assert signed[others].equals(literal[others])


def test_darker_spectrum_by_hammarberg_index_is_darker_when_signed_and_brighter_when_literal():
    darker = rows({HAMMARBERG: -20.0}, {}, {HAMMARBERG: 20.0})
    for signed, levels in ((True, [4, 2, 0]), (False, [0, 2, 4])):
        table = ConceptTokenizer(signed_brightness=signed).fit(*unit_corpus()).transform(darker, ["female"] * 3)
        assert [TOKENS["BRIGHTNESS"].index(token) for token in table["BRIGHTNESS"]] == levels


def test_literal_and_signed_score_differ_by_half_the_hammarberg_index():
    descriptors, genders = corpus(15)
    signed, literal = (ConceptTokenizer(signed_brightness=sign).fit(descriptors, genders) for sign in (True, False))
    difference = literal.scores(descriptors)["BRIGHTNESS"].to_numpy() - signed.scores(descriptors)["BRIGHTNESS"].to_numpy()
    # (+z) / 4 - (-z) / 4; values of order one, so 1e-12 is rounding.
    np.testing.assert_allclose(difference, literal.standardise(descriptors)[HAMMARBERG].to_numpy() / 2, atol=1e-12)
    assert np.abs(difference).max() > 0.1


# ------------------------------------------------------------------------------------------------------ voice quality


@functools.cache
def unit_tokenizer() -> ConceptTokenizer:
    return ConceptTokenizer().fit(*unit_corpus())


def qualities(*changes: dict[str, float]) -> list[str]:
    """VOICE_QUALITY of utterances at these z, where all else is at the median."""
    return list(unit_tokenizer().transform(rows(*changes), ["female"] * len(changes))["VOICE_QUALITY"])


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
    # BREATHY and PRESSED exclude each other at thresholds of opposite sign; with overlapping ones they are tried below.
    assert qualities(z) == [token]


def test_breathy_comes_before_pressed_where_thresholds_overlap():
    tokenizer = ConceptTokenizer(voice_quality={"high": -0.5, "low": 0.5}).fit(*unit_corpus())
    tried = rows({JITTER: -0.75}, {JITTER: -0.75, HNR: 0.75})  # all other z are 0: both high and low at once
    assert list(tokenizer.transform(tried, ["male"] * 2)["VOICE_QUALITY"]) == ["BREATHY", "PRESSED"]


# ---------------------------------------------------------------------------------------------------------- unvoiced


@fast
@given(seed=st.integers(0, 10_000), unvoiced=st.floats(0, 0.4), gender_specific=st.sampled_from(GROUPINGS))
def test_unvoiced_stands_exactly_where_f0_is_missing_and_in_voiced_concepts_only(seed, unvoiced, gender_specific):
    descriptors, genders = corpus(seed, n=103, unvoiced=unvoiced)
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


# ------------------------------------------------------------------------------------------------------ to and from JSON


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    gender_specific=st.sampled_from(GROUPINGS),
    signed=st.booleans(),
    voice_quality=st.none() | st.builds(lambda high, low: {"high": high, "low": low}, st.floats(0, 2), st.floats(-2, 0)),
)
def test_tokenizer_survives_json(seed, gender_specific, signed, voice_quality):
    descriptors, genders = corpus(seed, n=103)
    unseen, unseen_genders = corpus(seed + 1000, n=37)
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
    descriptors, _ = corpus(16)
    tokenizer = ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, ["female"] * 203)
    restored = ConceptTokenizer.from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    with pytest.raises(InputError):
        restored.transform(descriptors.head(1), ["male"])


# ------------------------------------------------------------------------------------------------------------ manners


def test_fit_returns_the_tokenizer_and_fit_and_transform_leave_their_input_alone():
    descriptors, genders = corpus(17)
    before, genders_before = descriptors.copy(deep=True), list(genders)
    tokenizer = ConceptTokenizer(gender_specific=("PITCH", "FORMANTS"))
    assert tokenizer.fit(descriptors, genders) is tokenizer
    tokenizer.transform(descriptors, genders)
    tokenizer.standardise(descriptors)
    tokenizer.scores(descriptors)
    pd.testing.assert_frame_equal(descriptors, before, check_exact=True)
    assert genders == genders_before


def test_fitting_again_forgets_the_first_corpus():
    first, first_genders = corpus(18)
    second, second_genders = corpus(19)
    twice = ConceptTokenizer(gender_specific=("PITCH",)).fit(first, first_genders).fit(second, second_genders)
    once = ConceptTokenizer(gender_specific=("PITCH",)).fit(second, second_genders)
    assert twice.to_dict() == once.to_dict()
    assert tokens_of(twice, first, first_genders) == tokens_of(once, first, first_genders)


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("names", [("ENERGY",), ("BRIGHTNESS",), ("VOICE_QUALITY",), ("PITCH", "DYNAMICS"), ("pitch",), ("nonsense",)])
def test_only_pitch_and_formants_can_be_gender_specific(names):
    with pytest.raises(ValueError, match=names[-1]):
        ConceptTokenizer(gender_specific=names)


@pytest.mark.parametrize("name", sorted(set().union(*USES.values())))
def test_descriptor_without_spread_is_refused_by_name(name):
    descriptors, genders = corpus(20)
    # A constant but for one utterance in ten: the range is not zero, the interquartile range is.
    descriptors[name] = np.where(np.arange(203) % 10 == 0, np.arange(203.0), 7.0)
    with pytest.raises(InputError) as caught:
        ConceptTokenizer().fit(descriptors, genders)
    assert name in str(caught.value)
    assert [other for other in DESCRIPTORS if other in str(caught.value)] == [name]


def test_pitch_without_spread_within_a_gender_is_refused_by_name():
    descriptors, genders = corpus(21, unvoiced=0)
    descriptors.loc[np.array(genders) == "male", F0] = 20.0
    assert centre_and_spread(list(descriptors[F0]))[1] > 0
    ConceptTokenizer().fit(descriptors, genders)  # pooled, it has spread
    with pytest.raises(InputError) as caught:
        ConceptTokenizer(gender_specific=("PITCH",)).fit(descriptors, genders)
    assert F0 in str(caught.value)


@pytest.mark.parametrize("gender_specific", GROUPINGS[1:], ids="+".join)
def test_unknown_gender_is_refused_by_utterance_where_edges_are_gender_specific(gender_specific):
    descriptors, genders = corpus(22, unvoiced=0)
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
    descriptors, _ = corpus(23, unvoiced=0)
    tokenizer = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, [seen] * 203)
    with pytest.raises(InputError, match=unseen):
        tokenizer.transform(descriptors.head(3), [seen, unseen, seen])
    assert len(tokenizer.transform(descriptors.head(3), [seen] * 3)) == 3


@pytest.mark.parametrize("concept", ["PITCH", "FORMANTS"])
@pytest.mark.parametrize("members", [1, 4, 5])
def test_gender_with_fewer_than_five_scores_is_refused(concept, members):
    descriptors, _ = corpus(24, unvoiced=0)
    genders = ["male"] * members + ["female"] * (203 - members)
    tokenizer = ConceptTokenizer(gender_specific=(concept,))
    if members == 5:
        assert set(tokenizer.fit(descriptors, genders).transform(descriptors, genders)[concept].head(5)) == set(TOKENS[concept])
    else:
        with pytest.raises(InputError):
            tokenizer.fit(descriptors, genders)


@pytest.mark.parametrize("voiced", [0, 1, 4, 5])
def test_unvoiced_utterances_do_not_count_towards_the_five(voiced):
    descriptors, _ = corpus(25, unvoiced=0)
    genders = ["male"] * 60 + ["female"] * 143
    descriptors.loc[voiced:59, list(VOICED_DESCRIPTORS)] = np.nan
    tokenizer = ConceptTokenizer(gender_specific=("PITCH",))
    if voiced == 5:
        tokens = tokenizer.fit(descriptors, genders).transform(descriptors, genders)["PITCH"]
        assert set(tokens.head(5)) == set(TOKENS["PITCH"])
        assert set(tokens[5:60]) == {UNVOICED}
    else:
        with pytest.raises(InputError):
            tokenizer.fit(descriptors, genders)


@pytest.mark.parametrize("voiced", [0, 1, 4])
def test_corpus_with_fewer_than_five_voiced_utterances_is_refused(voiced):
    descriptors, genders = corpus(26, unvoiced=0)
    descriptors.loc[voiced:, list(VOICED_DESCRIPTORS)] = np.nan
    with pytest.raises(InputError):
        ConceptTokenizer().fit(descriptors, genders)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_corpus_of_fewer_than_five_utterances_is_refused(n):
    descriptors, genders = corpus(27, unvoiced=0)
    with pytest.raises(InputError):
        ConceptTokenizer().fit(descriptors.head(n), genders[:n])
