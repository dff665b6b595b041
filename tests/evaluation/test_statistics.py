"""The statistics against independent oracles: brute force, scikit-learn and SciPy."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import confusion_matrix, recall_score

from cuealign.core.errors import InputError
from cuealign.evaluation.metrics import evaluate
from cuealign.evaluation.recall import confusion_counts, unweighted_average_recall
from cuealign.evaluation.resampling import percentile_interval, resampled_uar, speaker_weights
from cuealign.evaluation.significance import exact_mcnemar, holm, spearman

INVALID = "INVALID"
# Neither the labels nor the speakers are in alphabetical order, and the speakers sort as text ("10" < "9").
LABELS = ("neutral", "anger", "joy", "fear")
SPEAKERS = ("9", "10", "b", "a", "03")

# The same rational number, its terms summed in another order: a few ulp of a value of at most 1.
ROUNDING = 1e-12

CONDITION_COLUMNS = ["intervention", "p", "seed", "n", "uar", "ci_low", "ci_high", "invalid_rate"]
COMPARISON_COLUMNS = ["a", "b", "delta", "ci_low", "ci_high", "mcnemar_p", "holm_p"]
TREND_COLUMNS = ["spearman_rho", "spearman_p", "n"]
CONFUSION_COLUMNS = ["intervention", "p", "label", "prediction", "count"]

quick = settings(max_examples=40, deadline=None)
moderate = settings(max_examples=10, deadline=None)
slow = settings(max_examples=6, deadline=None)

items = st.lists(
    st.tuples(st.sampled_from(SPEAKERS), st.sampled_from(LABELS), st.sampled_from((*LABELS, INVALID))),
    min_size=1,
    max_size=40,
)
probabilities = st.lists(st.floats(0, 1), max_size=12)
small_integers = st.integers(-4, 4)
paired_outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


def table(rows) -> pd.DataFrame:
    """A table of predictions from (speaker, label, prediction) triples."""
    rows = list(rows)
    return pd.DataFrame(
        {
            "utterance": [f"utterance-{number:04d}" for number in range(len(rows))],
            "speaker": [speaker for speaker, _, _ in rows],
            "label": [label for _, label, _ in rows],
            "answer": [f"I hear {prediction}." for _, _, prediction in rows],
            "prediction": [prediction for _, _, prediction in rows],
        }
    )


def exact_uar(gold, predicted) -> Fraction:
    recalls = []
    for label in set(gold):
        answers = [answer for answer, truth in zip(predicted, gold, strict=True) if truth == label]
        recalls.append(Fraction(answers.count(label), len(answers)))
    return sum(recalls, Fraction(0)) / len(recalls)


def table_uar(frame: pd.DataFrame) -> Fraction:
    return exact_uar(list(frame["label"]), list(frame["prediction"]))


def linear_quantile(values, share: float) -> float:
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def interval_of(values, confidence: float) -> tuple[float, float]:
    return linear_quantile(values, (1 - confidence) / 2), linear_quantile(values, (1 + confidence) / 2)


def mcnemar_by_counting(correct_a, correct_b) -> float:
    only_a = sum(a and not b for a, b in zip(correct_a, correct_b, strict=True))
    only_b = sum(b and not a for a, b in zip(correct_a, correct_b, strict=True))
    discordant = only_a + only_b
    tail = sum(math.comb(discordant, k) for k in range(min(only_a, only_b) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**discordant)))


def holm_step_down(p_values) -> list[float]:
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        floor = max(floor, min(1.0, (len(p_values) - step) * p_values[index]))
        adjusted[index] = floor
    return adjusted


# Recall


@quick
@given(items)
def test_confusion_counts_every_item_in_the_cell_of_its_speaker_label_and_prediction(rows):
    counts = confusion_counts(table(rows), LABELS, SPEAKERS)
    cells = Counter(rows)
    assert counts.shape == (len(SPEAKERS), len(LABELS), len(LABELS) + 1)
    assert np.issubdtype(counts.dtype, np.integer)
    for (s, speaker), (c, label), (d, prediction) in itertools.product(
        enumerate(SPEAKERS), enumerate(LABELS), enumerate((*LABELS, INVALID))
    ):
        assert counts[s, c, d] == cells[speaker, label, prediction]


@quick
@given(items)
def test_confusion_summed_over_speakers_is_the_confusion_matrix_of_scikit_learn(rows):
    frame = table(rows)
    expected = confusion_matrix(frame["label"], frame["prediction"], labels=[*LABELS, INVALID])
    np.testing.assert_array_equal(confusion_counts(frame, LABELS, SPEAKERS).sum(axis=0), expected[:-1])


@quick
@given(items, st.randoms(use_true_random=False))
def test_confusion_does_not_depend_on_the_order_or_the_index_of_the_items(rows, random):
    shuffled = random.sample(rows, len(rows))
    frame = table(shuffled).set_index(pd.Index(random.sample(range(100), len(rows))))
    np.testing.assert_array_equal(confusion_counts(frame, LABELS, SPEAKERS), confusion_counts(table(rows), LABELS, SPEAKERS))


@quick
@given(items, st.permutations(range(len(LABELS))), st.permutations(range(len(SPEAKERS))))
def test_confusion_follows_the_order_of_labels_and_speakers(rows, labels, speakers):
    counts = confusion_counts(table(rows), LABELS, SPEAKERS)
    permuted = confusion_counts(table(rows), [LABELS[i] for i in labels], [SPEAKERS[i] for i in speakers])
    np.testing.assert_array_equal(permuted, counts[np.ix_(speakers, labels, [*labels, len(LABELS)])])


@pytest.mark.parametrize(
    ("row", "stranger"),
    [
        (("9", "boredom", "joy"), "boredom"),
        (("stranger", "joy", "joy"), "stranger"),
        (("9", "joy", "boredom"), "boredom"),
        (("9", INVALID, "joy"), INVALID),
    ],
    ids=["label", "speaker", "prediction", "invalid-as-label"],
)
def test_confusion_refuses_and_names_an_unknown_value(row, stranger):
    frame = table([("9", "joy", "joy"), row, ("10", "fear", INVALID)])
    with pytest.raises(InputError, match=stranger):
        confusion_counts(frame, LABELS, SPEAKERS)


@quick
@given(items)
def test_uar_is_the_mean_recall_of_the_classes_with_gold_items(rows):
    frame = table(rows)
    uar = unweighted_average_recall(confusion_counts(frame, LABELS, SPEAKERS).sum(axis=0))
    present = sorted(set(frame["label"]))
    assert uar == pytest.approx(float(table_uar(frame)), abs=ROUNDING)
    assert uar == pytest.approx(recall_score(frame["label"], frame["prediction"], labels=present, average="macro"), abs=ROUNDING)


def test_invalid_answers_count_as_errors():
    rows = [("9", "joy", "joy"), ("9", "joy", INVALID), ("9", "fear", INVALID), ("9", "anger", "anger")]
    invalid = unweighted_average_recall(confusion_counts(table(rows), LABELS, SPEAKERS).sum(axis=0))
    wrong = [(speaker, label, "neutral" if prediction == INVALID else prediction) for speaker, label, prediction in rows]
    assert invalid == 0.5  # (1/2 + 0 + 1) / 3, exact in binary: every term and the sum are
    assert unweighted_average_recall(confusion_counts(table(wrong), LABELS, SPEAKERS).sum(axis=0)) == invalid


@quick
@given(items, st.data())
def test_turning_a_right_answer_into_an_invalid_one_lowers_the_uar(rows, data):
    rows = [*rows, ("9", "joy", "joy")]
    right = [i for i, (_, label, prediction) in enumerate(rows) if label == prediction]
    hit = data.draw(st.sampled_from(right))
    spoiled = [(*row[:2], INVALID) if i == hit else row for i, row in enumerate(rows)]
    before, after = (unweighted_average_recall(confusion_counts(table(each), LABELS, SPEAKERS).sum(axis=0)) for each in (rows, spoiled))
    assert after < before


def test_a_class_without_gold_items_is_left_out_of_the_uar():
    # Class 2 is predicted but never gold; averaging over three classes would give 0.5.
    confusion = np.array([[4, 0, 0, 0], [0, 2, 2, 0], [0, 0, 0, 0]])
    assert unweighted_average_recall(confusion) == 0.75


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_uar_without_any_gold_item_is_refused(shape):
    with pytest.raises(ValueError):  # noqa: PT011 (the message is free)
        unweighted_average_recall(np.zeros(shape, dtype=int))


@quick
@given(st.lists(items, min_size=6, max_size=6))
def test_uar_of_a_stack_is_the_stack_of_the_uars(studies):
    confusions = [confusion_counts(table(rows), LABELS, SPEAKERS).sum(axis=0) for rows in studies]
    stack = np.stack(confusions).reshape(2, 3, *confusions[0].shape)
    uars = unweighted_average_recall(stack)
    assert np.shape(uars) == (2, 3)
    expected = [float(table_uar(table(rows))) for rows in studies]
    np.testing.assert_allclose(np.ravel(uars), expected, rtol=0, atol=ROUNDING)


# Resampling


@quick
@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_weights_are_counts_of_as_many_draws_as_speakers(speakers, resamples, seed):
    weights = speaker_weights(speakers, resamples, seed)
    assert weights.shape == (resamples, speakers)
    assert (weights >= 0).all()
    assert (weights == np.round(weights)).all()
    assert (weights.sum(axis=1) == speakers).all()


@quick
@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_weights_are_the_same_for_the_same_seed(speakers, resamples, seed):
    np.testing.assert_array_equal(speaker_weights(speakers, resamples, seed), speaker_weights(speakers, resamples, seed))


def test_weights_differ_with_the_seed():
    drawn = {speaker_weights(10, 50, seed).tobytes() for seed in range(20)}
    assert len(drawn) == 20


def test_weights_have_the_moments_of_draws_with_replacement():
    speakers, resamples = 8, 20_000
    weights = speaker_weights(speakers, resamples, 0)
    covariance = np.cov(weights, rowvar=False)
    # Multinomial(S, 1/S): mean 1, variance 1 - 1/S, covariance -1/S. The bounds are about six standard errors of the
    # estimates: sqrt(7/8 / 20000) = 0.007 of a mean; about 0.010 of a variance (kurtosis below 4) and 0.007 of a covariance.
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, rtol=0, atol=0.042)
    np.testing.assert_allclose(np.diag(covariance), 1 - 1 / speakers, rtol=0, atol=0.06)
    off_diagonal = covariance[~np.eye(speakers, dtype=bool)]
    np.testing.assert_allclose(off_diagonal, -1 / speakers, rtol=0, atol=0.042)
    # P(no draw) = (1 - 1/S)^S = 0.344, standard error 0.0034.
    np.testing.assert_allclose((weights == 0).mean(axis=0), (1 - 1 / speakers) ** speakers, rtol=0, atol=0.02)


@quick
@given(items, st.integers(0, 2**16))
def test_resampled_uar_is_the_uar_of_the_drawn_speakers_utterances(rows, seed):
    by_speaker = {speaker: [row for row in rows if row[0] == speaker] for speaker in sorted({row[0] for row in rows})}
    weights = speaker_weights(len(by_speaker), 12, seed)
    uars = resampled_uar(confusion_counts(table(rows), LABELS, list(by_speaker)), weights)
    expected = []
    for draws in weights:
        pool = [row for speaker, count in zip(by_speaker, draws, strict=True) for row in by_speaker[speaker] * int(count)]
        expected.append(float(exact_uar([row[1] for row in pool], [row[2] for row in pool])))
    assert np.shape(uars) == (12,)
    np.testing.assert_allclose(uars, expected, rtol=0, atol=ROUNDING)


@quick
@given(items)
def test_drawing_every_speaker_equally_often_gives_the_observed_uar(rows):
    speakers = sorted({row[0] for row in rows})
    weights = np.stack([np.full(len(speakers), times) for times in (1, 2, 7)])
    uars = resampled_uar(confusion_counts(table(rows), LABELS, speakers), weights)
    np.testing.assert_allclose(uars, float(table_uar(table(rows))), rtol=0, atol=ROUNDING)


def test_a_class_of_undrawn_speakers_only_is_left_out_of_that_resample():
    rows = [("a", "joy", "joy"), ("a", "joy", "fear"), ("b", "anger", "anger"), ("b", "joy", "joy")]
    uars = resampled_uar(confusion_counts(table(rows), LABELS, ["a", "b"]), np.array([[2, 0], [1, 1], [0, 2]]))
    # Recall of joy 1/2 alone; joy 2/3 with anger 1; joy 1 with anger 1.
    np.testing.assert_allclose(uars, [1 / 2, 5 / 6, 1], rtol=0, atol=ROUNDING)


def test_resampled_uar_has_the_spread_of_the_mean_over_speakers():
    accuracies = np.array([0, 2, 3, 7, 9, 10, 10, 5])
    rows = [
        (f"speaker-{s}", "joy", "joy" if k < hits else "fear")
        for s, hits in enumerate(accuracies)
        for k in range(10)
    ]  # fmt: skip
    uars = resampled_uar(
        confusion_counts(table(rows), LABELS, [f"speaker-{s}" for s in range(8)]), speaker_weights(len(accuracies), 20_000, 1)
    )
    # One class and speakers of one size: the UAR is the mean of the drawn accuracies, so its standard deviation is known.
    # Estimating a standard deviation from 20,000 draws has a relative standard error of 1/sqrt(40,000) = 0.5 %; the mean, of 0.0009.
    assert uars.mean() == pytest.approx(accuracies.mean() / 10, abs=0.005)
    assert uars.std() == pytest.approx(accuracies.std() / 10 / math.sqrt(8), rel=0.03)


@quick
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_percentile_interval_cuts_the_same_share_off_both_ends(values, confidence):
    low, high = percentile_interval(np.array(values), confidence)
    expected = interval_of(values, confidence)
    assert (low, high) == (pytest.approx(expected[0], abs=ROUNDING), pytest.approx(expected[1], abs=ROUNDING))


@quick
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_percentile_interval_widens_with_the_confidence_within_the_range(values, one, other):
    narrow = percentile_interval(np.array(values), min(one, other))
    wide = percentile_interval(np.array(values), max(one, other))
    # Interpolation between equal or nearly equal values may be off by an ulp of a value of at most 1.
    assert min(values) - ROUNDING <= wide[0] <= narrow[0] + ROUNDING
    assert narrow[0] <= narrow[1] + ROUNDING
    assert narrow[1] - ROUNDING <= wide[1] <= max(values) + ROUNDING


def test_percentile_interval_of_the_first_thousand_integers():
    # 1001 equally spaced values: the percentiles fall on values, so nothing is interpolated.
    low, high = percentile_interval(np.random.default_rng(0).permutation(1001), 0.95)
    assert (low, high) == (pytest.approx(25, abs=1e-9), pytest.approx(975, abs=1e-9))


# Significance


@quick
@given(paired_outcomes)
def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs(pairs):
    correct_a, correct_b = (np.array([pair[side] for pair in pairs], dtype=bool) for side in (0, 1))
    only_a, only_b = int((correct_a & ~correct_b).sum()), int((~correct_a & correct_b).sum())
    p = exact_mcnemar(correct_a, correct_b)
    expected = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    # Binomial tails from two implementations: relative, since p is as small as 2^-59.
    assert p == pytest.approx(expected, rel=1e-9)
    assert p == pytest.approx(mcnemar_by_counting(correct_a.tolist(), correct_b.tolist()), rel=1e-9)
    assert 0 < p <= 1


@quick
@given(paired_outcomes)
def test_mcnemar_is_two_sided(pairs):
    correct_a, correct_b = (np.array([pair[side] for pair in pairs], dtype=bool) for side in (0, 1))
    # Rounding only: the lower tail may be computed as one minus the upper one.
    assert exact_mcnemar(correct_a, correct_b) == pytest.approx(exact_mcnemar(correct_b, correct_a), rel=1e-9)


@quick
@given(paired_outcomes, st.lists(st.booleans(), min_size=1, max_size=20))
def test_concordant_pairs_do_not_move_mcnemar(pairs, agreed):
    correct_a, correct_b = ([pair[side] for pair in pairs] for side in (0, 1))
    more = exact_mcnemar(np.array(correct_a + agreed, dtype=bool), np.array(correct_b + agreed, dtype=bool))
    assert more == exact_mcnemar(np.array(correct_a, dtype=bool), np.array(correct_b, dtype=bool))


@pytest.mark.parametrize("pairs", [0, 1, 7])
def test_mcnemar_without_a_discordant_pair_is_one(pairs):
    outcome = np.arange(pairs) % 2 == 0
    assert exact_mcnemar(outcome, outcome.copy()) == 1.0


@pytest.mark.parametrize("discordant", [1, 5, 10, 60])
def test_mcnemar_of_one_sided_discord_is_twice_the_chance_of_it(discordant):
    p = exact_mcnemar(np.ones(discordant, dtype=bool), np.zeros(discordant, dtype=bool))
    assert p == pytest.approx(2.0 ** (1 - discordant), rel=1e-9)


def test_mcnemar_stays_exact_for_thousands_of_pairs():
    # 2^2000 overflows a double, and the continuity-corrected chi-square would be off in the third digit.
    correct_a = np.arange(2000) < 1060
    expected = mcnemar_by_counting(correct_a.tolist(), (~correct_a).tolist())
    assert exact_mcnemar(correct_a, ~correct_a) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("one", "other"), [(3, 4), (0, 1), (1, 3)])
def test_mcnemar_refuses_outcomes_of_unequal_shapes(one, other):
    with pytest.raises(ValueError):  # noqa: PT011 (the message is free)
        exact_mcnemar(np.ones(one, dtype=bool), np.ones(other, dtype=bool))


@moderate
@given(probabilities)
def test_holm_is_the_step_down_procedure(p_values):
    adjusted = holm(p_values)
    assert isinstance(adjusted, list)
    assert adjusted == pytest.approx(holm_step_down(p_values), rel=ROUNDING, abs=0)


@moderate
@given(probabilities)
def test_holm_keeps_the_order_and_lies_between_the_raw_and_the_bonferroni_values(p_values):
    adjusted = holm(p_values)
    assert len(adjusted) == len(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw <= value <= min(1.0, len(p_values) * raw)
    for (p, p_adjusted), (q, q_adjusted) in itertools.permutations(zip(p_values, adjusted, strict=True), 2):
        assert p_adjusted <= q_adjusted if p <= q else p_adjusted >= q_adjusted


@moderate
@given(probabilities, st.randoms(use_true_random=False))
def test_holm_follows_the_order_of_its_input(p_values, random):
    order = random.sample(range(len(p_values)), len(p_values))
    adjusted = holm(p_values)
    assert holm([p_values[i] for i in order]) == [adjusted[i] for i in order]


def test_holm_of_nothing_is_nothing():
    assert holm([]) == []


def test_holm_of_a_worked_example():
    # 4 x 0.01, 3 x 0.02, then 2 x 0.03 and 0.04 held up by their predecessors at 0.06.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06], rel=ROUNDING)


varied_pairs = st.lists(st.tuples(small_integers, small_integers), min_size=3, max_size=30).filter(
    lambda pairs: len({x for x, _ in pairs}) > 1 and len({y for _, y in pairs}) > 1
)


@quick
@given(varied_pairs)
def test_spearman_is_the_pearson_correlation_of_the_ranks(pairs):
    x, y = zip(*pairs, strict=True)
    rho, p = spearman(x, y)
    by_rank = stats.pearsonr(stats.rankdata(x), stats.rankdata(y))
    assert rho == pytest.approx(by_rank.statistic, abs=ROUNDING)
    # Near |rho| = 1 the p-value goes with sqrt(1 - rho^2): an error of 1e-16 in rho is one of 1e-8 in p.
    assert p == pytest.approx(by_rank.pvalue, abs=1e-7)


@quick
@given(varied_pairs)
def test_spearman_ranks_ties_by_their_mean_rank(pairs):
    x, y = zip(*pairs, strict=True)
    # Doubled ranks, centred: 2 * mean rank - (n + 1) = (items below) - (items above), an exact integer.
    ranks_x, ranks_y = ([sum((v > w) - (v < w) for w in side) for v in side] for side in (x, y))
    product = sum(a * b for a, b in zip(ranks_x, ranks_y, strict=True))
    expected = product / math.sqrt(sum(a * a for a in ranks_x) * sum(b * b for b in ranks_y))
    assert spearman(x, y)[0] == pytest.approx(expected, abs=ROUNDING)


@quick
@given(varied_pairs)
def test_spearman_is_symmetric_odd_and_blind_to_increasing_maps(pairs):
    x, y = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    rho, p = spearman(x, y)
    # The ranks are the same or mirrored, so only the order of summation may differ (1e-7 for p as above).
    for other, sign in ((spearman(y, x), 1), (spearman(x, -y), -1), (spearman(np.exp(x), y**3), 1)):
        assert other[0] == pytest.approx(sign * rho, abs=ROUNDING)
        assert other[1] == pytest.approx(p, abs=1e-7)


@pytest.mark.parametrize(("y", "rho"), [([2, 3, 5, 70], 1), ([9, 4, 1, 0], -1)])
def test_spearman_of_a_monotone_relation_is_plus_or_minus_one(y, rho):
    result = spearman([0.2, 0.4, 0.6, 0.8], y)
    assert result[0] == pytest.approx(rho, abs=ROUNDING)
    assert result[1] == pytest.approx(0, abs=1e-7)  # sqrt(1 - rho^2) when rho is an ulp short of 1


@pytest.mark.parametrize(
    ("x", "y"),
    [([], []), ([1], [2]), ([1, 2], [2, 1]), ([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2, 3, 4], [0.3, 0.3, 0.3, 0.3]), ([1, 1, 1], [2, 2, 2])],
    ids=["none", "one", "two", "constant-x", "constant-y", "both-constant"],
)
def test_spearman_is_undefined_below_three_pairs_or_with_a_constant_side(x, y):
    rho, p = spearman(x, y)
    assert math.isnan(rho)
    assert math.isnan(p)


# The whole study

NONE, CORRECT, CONFLICT = ("none", "0", "0"), ("correct", "0", "0"), ("conflict", "0", "0")
SHUFFLES = tuple(("shuffle", "0", seed) for seed in ("0", "1", "3"))
STRENGTHS = ("0.2", "0.4", "1.0")
CORRUPTS = tuple(("corrupt", p, seed) for p in STRENGTHS for seed in ("0", "1", "2", "5"))
SKILLS = {NONE: 0.45, CORRECT: 0.7, CONFLICT: 0.3} | dict.fromkeys(SHUFFLES, 0.4) | {key: 0.7 - 0.4 * float(key[1]) for key in CORRUPTS}
SETTINGS = {"resamples": 80, "confidence": 0.9, "seed": 11}


def random_study(seed: int, keys=tuple(SKILLS), utterances: int = 90) -> dict[tuple[str, str, str], pd.DataFrame]:
    """Random answers, better or worse by condition; "fear" comes from the speaker "b" alone, so resamples may lack it."""
    rng = np.random.default_rng(seed)
    speakers = [*SPEAKERS, *rng.choice(SPEAKERS, utterances - len(SPEAKERS))]
    gold = [LABELS[rng.integers(4 if speaker == "b" else 3)] for speaker in speakers]
    study = {}
    for key in keys:
        guesses = rng.choice([*LABELS, INVALID], utterances)
        known = rng.random(utterances) < SKILLS[key]
        study[key] = table(zip(speakers, gold, np.where(known, gold, guesses).tolist(), strict=True))
    return study


def family(key) -> tuple[str, str]:
    return key[:2]


def name_of(group: tuple[str, str]) -> str:
    names = {"none": "Audio only", "correct": "Correct", "shuffle": "Shuffle", "conflict": "Conflict", "corrupt": f"Corrupt({group[1]})"}
    return names[group[0]]


def draws_of(study, settings_) -> list[list[int]]:
    """The positions of the utterances in each resample of the speakers."""
    speakers = list(next(iter(study.values()))["speaker"])
    names = sorted(set(speakers))
    weights = speaker_weights(len(names), settings_["resamples"], settings_["seed"])
    positions = [[i for i, speaker in enumerate(speakers) if speaker == name] for name in names]
    return [[i for block, count in zip(positions, row, strict=True) for i in block * int(count)] for row in weights]


def oracle(study, settings_) -> tuple[dict, dict]:
    """Conditions by (intervention, p, seed) and comparisons by (a, b), everything by brute force."""
    draws, confidence = draws_of(study, settings_), settings_["confidence"]
    uar, resampled, correct, invalid = {}, {}, {}, {}
    for key, frame in study.items():
        gold, predicted = list(frame["label"]), list(frame["prediction"])
        uar[key] = float(exact_uar(gold, predicted))
        resampled[key] = [float(exact_uar([gold[i] for i in draw], [predicted[i] for i in draw])) for draw in draws]
        correct[key] = [a == b for a, b in zip(gold, predicted, strict=True)]
        invalid[key] = predicted.count(INVALID) / len(predicted)
    groups = {}
    for key in study:
        groups.setdefault(family(key), []).append(key)

    def mean(values, group):
        return sum(values[key] for key in groups[group]) / len(groups[group])

    def mean_resampled(group):
        return [sum(each) / len(each) for each in zip(*(resampled[key] for key in groups[group]), strict=True)]

    conditions = {key: (uar[key], *interval_of(resampled[key], confidence), invalid[key]) for key in study}
    for group in groups:
        if group[0] in ("shuffle", "corrupt"):
            conditions[*group, "mean"] = (mean(uar, group), *interval_of(mean_resampled(group), confidence), mean(invalid, group))

    perturbed = [group for group in groups if group[0] in ("shuffle", "conflict", "corrupt")]
    none, right = family(NONE), family(CORRECT)
    pairs = [(right, none), *((right, group) for group in perturbed), *((group, none) for group in perturbed)]
    comparisons = {}
    for a, b in pairs:
        deltas = [x - y for x, y in zip(mean_resampled(a), mean_resampled(b), strict=True)]
        p = max(mcnemar_by_counting(correct[i], correct[j]) for i in groups[a] for j in groups[b])
        comparisons[name_of(a), name_of(b)] = [mean(uar, a) - mean(uar, b), *interval_of(deltas, confidence), p]
    for row, adjusted in zip(comparisons.values(), holm_step_down([row[3] for row in comparisons.values()]), strict=True):
        row.append(adjusted)
    return conditions, comparisons


def by_key(frame: pd.DataFrame, keys: list[str], values: list[str]) -> dict[tuple, list]:
    found = {tuple(row[key] for key in keys): [row[value] for value in values] for row in frame.to_dict("records")}
    assert len(found) == len(frame), "two rows of one key"
    return found


def condition_rows(metrics) -> dict:
    return by_key(metrics.conditions, ["intervention", "p", "seed"], ["uar", "ci_low", "ci_high", "invalid_rate"])


def comparison_rows(metrics) -> dict:
    return by_key(metrics.comparisons, ["a", "b"], ["delta", "ci_low", "ci_high", "mcnemar_p", "holm_p"])


def assert_rows(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        # Sums of rational numbers in another order, and the exact p-values to nine digits as above.
        assert found[key] == pytest.approx(list(values), rel=1e-9, abs=ROUNDING), key


def assert_same_metrics(one, other) -> None:
    for name, keys in {"conditions": 3, "comparisons": 2, "trend": 0, "confusion": 4}.items():
        frames = []
        for metrics in (one, other):
            frame = getattr(metrics, name)
            frames.append(frame.sort_values(list(frame.columns[:keys])).reset_index(drop=True) if keys else frame)
        pd.testing.assert_frame_equal(*frames, check_exact=True, obj=name)


@pytest.fixture(scope="module", params=[0, 1])
def study(request):
    return random_study(request.param)


@pytest.fixture(scope="module")
def metrics(study):
    return evaluate(study, LABELS, **SETTINGS)


@pytest.fixture(scope="module")
def expected(study):
    return oracle(study, SETTINGS)


def test_the_random_study_holds_the_hard_cases(study):
    frame = study[NONE]
    present = set(frame["label"])
    assert present == set(LABELS)
    assert all((each["prediction"] == INVALID).any() for each in study.values())
    assert any({frame["label"][i] for i in draw} < present for draw in draws_of(study, SETTINGS))
    assert list(dict.fromkeys(frame["speaker"])) != sorted(set(frame["speaker"]))


def test_metrics_have_the_documented_columns(metrics):
    assert list(metrics.conditions.columns) == CONDITION_COLUMNS
    assert list(metrics.comparisons.columns) == COMPARISON_COLUMNS
    assert list(metrics.trend.columns) == TREND_COLUMNS
    assert list(metrics.confusion.columns) == CONFUSION_COLUMNS


def test_conditions_match_literal_resampling_of_the_utterances(metrics, expected):
    assert_rows(condition_rows(metrics), expected[0])


def test_conditions_count_the_utterances_of_the_study(metrics):
    assert set(metrics.conditions["n"]) == {90}


def test_comparisons_match_literal_resampling_of_the_utterances(metrics, expected):
    assert_rows(comparison_rows(metrics), expected[1])


def test_comparisons_set_correct_against_all_and_perturbations_against_audio_only(metrics):
    perturbations = ["Shuffle", "Conflict", "Corrupt(0.2)", "Corrupt(0.4)", "Corrupt(1.0)"]
    pairs = [("Correct", "Audio only"), *(("Correct", name) for name in perturbations), *((name, "Audio only") for name in perturbations)]
    assert sorted(zip(metrics.comparisons["a"], metrics.comparisons["b"], strict=True)) == sorted(pairs)


def test_holm_runs_over_all_rows_of_the_table(metrics):
    adjusted = holm_step_down(metrics.comparisons["mcnemar_p"].tolist())
    np.testing.assert_allclose(metrics.comparisons["holm_p"], adjusted, rtol=ROUNDING)
    assert len(adjusted) == 11


def test_trend_correlates_strength_and_uar_over_every_corrupt_run(study, metrics):
    uars = [float(table_uar(study[key])) for key in CORRUPTS]
    # Equal UARs could be told apart by rounding on either side; with none equal the ranks are certain.
    assert len({table_uar(study[key]) for key in CORRUPTS}) == len(CORRUPTS)
    rho, p = stats.spearmanr([float(key[1]) for key in CORRUPTS], uars)
    (row,) = metrics.trend.to_dict("records")
    assert row["n"] == 12
    assert (row["spearman_rho"], row["spearman_p"]) == (pytest.approx(rho, abs=ROUNDING), pytest.approx(p, rel=1e-6))


def test_confusion_pools_the_seeds_of_a_condition(study, metrics):
    counts = Counter()
    for key, frame in study.items():
        counts.update((*family(key), *pair) for pair in zip(frame["label"], frame["prediction"], strict=True))
    cells = itertools.product({family(key) for key in study}, LABELS, (*LABELS, INVALID))
    wanted = {(*group, label, prediction): [counts[*group, label, prediction]] for group, label, prediction in cells}
    assert by_key(metrics.confusion, ["intervention", "p", "label", "prediction"], ["count"]) == wanted


def test_evaluation_leaves_its_tables_as_they_were():
    study = random_study(0)
    before = {key: frame.copy(deep=True) for key, frame in study.items()}
    evaluate(study, LABELS, **SETTINGS)
    for key, frame in study.items():
        pd.testing.assert_frame_equal(frame, before[key])


def test_log_probabilities_change_nothing(study, metrics):
    scored = {key: frame.assign(**{f"logprob_{label}": -1.5 for label in LABELS}) for key, frame in study.items()}
    assert_same_metrics(evaluate(scored, LABELS, **SETTINGS), metrics)


def test_the_order_of_the_conditions_changes_nothing_but_row_order(study, metrics):
    reversed_study = dict(reversed(study.items()))
    # The means over seeds may be summed in another order, so equality up to rounding here.
    other = evaluate(reversed_study, LABELS, **SETTINGS)
    assert_rows(condition_rows(other), condition_rows(metrics))
    assert_rows(comparison_rows(other), comparison_rows(metrics))


@slow
@given(st.integers(0, 2**16), st.randoms(use_true_random=False))
def test_permuting_the_utterances_of_all_tables_alike_changes_nothing(seed, random):
    study = random_study(seed, keys=(NONE, CORRECT, CONFLICT, *SHUFFLES, *CORRUPTS[:4]), utterances=40)
    order = random.sample(range(40), 40)
    permuted = {key: frame.iloc[order].reset_index(drop=True) for key, frame in study.items()}
    assert_same_metrics(evaluate(permuted, LABELS, **SETTINGS), evaluate(study, LABELS, **SETTINGS))


@slow
@given(st.integers(0, 2**16))
def test_swapping_correct_and_audio_only_mirrors_their_comparison(seed):
    study = random_study(seed, keys=(NONE, CORRECT), utterances=40)
    swapped = {NONE: study[CORRECT], CORRECT: study[NONE]}
    (delta, low, high, p, adjusted), (mirrored, *ends, other_p, other_adjusted) = (
        comparison_rows(evaluate(each, LABELS, **SETTINGS))["Correct", "Audio only"] for each in (study, swapped)
    )
    assert [mirrored, *ends] == pytest.approx([-delta, -high, -low], abs=ROUNDING)
    # One row only, so Holm leaves the p-value as it is.
    assert p == adjusted == pytest.approx(other_p, rel=1e-9)
    assert other_p == other_adjusted


@slow
@given(st.integers(0, 2**16), st.permutations(LABELS))
def test_renaming_the_labels_changes_no_score(seed, names):
    study = random_study(seed, keys=(NONE, CORRECT, CONFLICT), utterances=40)
    renaming = dict(zip(LABELS, names, strict=True)) | {INVALID: INVALID}
    renamed = {
        key: frame.assign(label=frame["label"].map(renaming), prediction=frame["prediction"].map(renaming)) for key, frame in study.items()
    }
    one, other = evaluate(study, LABELS, **SETTINGS), evaluate(renamed, LABELS, **SETTINGS)
    assert_rows(condition_rows(other), condition_rows(one))
    assert_rows(comparison_rows(other), comparison_rows(one))


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
@pytest.mark.parametrize("study_seed", range(4))
def test_identical_predictions_differ_by_exactly_nothing(seeds, study_seed):
    frame = random_study(study_seed, keys=(NONE,), utterances=40)[NONE]
    randomised = [(intervention, p, str(seed)) for intervention, p in (("shuffle", "0"), ("corrupt", "0.4")) for seed in range(seeds)]
    metrics = evaluate({key: frame.copy() for key in (NONE, CORRECT, CONFLICT, *randomised)}, LABELS, **SETTINGS)
    comparisons = metrics.comparisons
    assert len(comparisons) == 7
    assert (comparisons[["mcnemar_p", "holm_p"]] == 1).all(axis=None)
    # No tolerance: an interval from 0 to 1e-17 reads as a difference of one sign.
    assert comparisons[["delta", "ci_low", "ci_high"]].to_numpy().tolist() == [[0.0] * 3] * 7


def test_evaluation_is_the_same_for_the_same_seed(study, metrics):
    assert_same_metrics(evaluate(study, LABELS, **SETTINGS), metrics)


def test_the_bootstrap_seed_moves_the_intervals_only(study, metrics):
    other = evaluate(study, LABELS, **SETTINGS | {"seed": 12})
    for name in ("conditions", "comparisons"):
        one, two = getattr(metrics, name), getattr(other, name)
        intervals = ["ci_low", "ci_high"]
        pd.testing.assert_frame_equal(one.drop(columns=intervals), two.drop(columns=intervals), check_exact=True)
        assert (one[intervals] != two[intervals]).any(axis=None)
    pd.testing.assert_frame_equal(other.trend, metrics.trend, check_exact=True)
    pd.testing.assert_frame_equal(other.confusion, metrics.confusion, check_exact=True)


@slow
@given(st.integers(0, 2**16), st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_more_confidence_gives_intervals_around_those_of_less(seed, one, other):
    study = random_study(seed, keys=(NONE, CORRECT), utterances=40)
    narrow, wide = (evaluate(study, LABELS, **SETTINGS | {"confidence": level}) for level in sorted((one, other)))
    for name in ("conditions", "comparisons"):
        inner, outer = getattr(narrow, name), getattr(wide, name)
        # An ulp of interpolation between equal resamples.
        assert (outer["ci_low"] <= inner["ci_low"] + ROUNDING).all()
        assert (outer["ci_high"] >= inner["ci_high"] - ROUNDING).all()


def test_audio_only_alone_leaves_nothing_to_compare():
    metrics = evaluate(random_study(0, keys=(NONE,)), LABELS, **SETTINGS)
    assert len(metrics.comparisons) == 0
    assert list(metrics.comparisons.columns) == COMPARISON_COLUMNS
    (row,) = metrics.trend.to_dict("records")
    assert math.isnan(row["spearman_rho"])
    assert math.isnan(row["spearman_p"])
    assert row["n"] == 0
    assert list(condition_rows(metrics)) == [NONE]


@pytest.mark.parametrize("keys", [CORRUPTS[:2], CORRUPTS[:4]], ids=["two-runs", "one-strength"])
def test_trend_is_undefined_for_two_runs_or_one_strength(keys):
    (row,) = evaluate(random_study(0, keys=(NONE, *keys)), LABELS, **SETTINGS).trend.to_dict("records")
    assert math.isnan(row["spearman_rho"])
    assert math.isnan(row["spearman_p"])
    assert row["n"] == len(keys)


def test_trend_ties_runs_of_equal_uar():
    # The same four recalls in every order have the same mean; rounding must not rank them.
    orders = list(itertools.permutations((0, 1, 2, 3)))
    study = {
        ("corrupt", STRENGTHS[number % 3], str(number)): table(
            (SPEAKERS[k % 5], label, label if k < hits else INVALID) for label, hits in zip(LABELS, order, strict=True) for k in range(10)
        )
        for number, order in enumerate(orders)
    }
    assert {table_uar(frame) for frame in study.values()} == {Fraction(3, 20)}
    (row,) = evaluate(study | {NONE: next(iter(study.values()))}, LABELS, **SETTINGS).trend.to_dict("records")
    assert math.isnan(row["spearman_rho"])
    assert math.isnan(row["spearman_p"])
    assert row["n"] == len(orders)


@pytest.mark.parametrize(
    ("keys", "pairs"),
    [
        ((CORRECT, CONFLICT, SHUFFLES[0]), {("Correct", "Conflict"), ("Correct", "Shuffle")}),
        ((NONE, CONFLICT, CORRUPTS[0]), {("Conflict", "Audio only"), ("Corrupt(0.2)", "Audio only")}),
        ((NONE, CORRECT), {("Correct", "Audio only")}),
        ((SHUFFLES[0], CONFLICT), set()),
    ],
    ids=["no-audio-only", "no-correct", "no-perturbation", "perturbations-only"],
)
def test_comparisons_are_of_conditions_in_the_study(keys, pairs):
    comparisons = evaluate(random_study(0, keys=keys), LABELS, **SETTINGS).comparisons
    assert set(zip(comparisons["a"], comparisons["b"], strict=True)) == pairs
    assert len(comparisons) == len(pairs)


def test_one_seed_has_a_mean_row_equal_to_it():
    rows = condition_rows(evaluate(random_study(0, keys=(NONE, SHUFFLES[2], CORRUPTS[1])), LABELS, **SETTINGS))
    assert rows["shuffle", "0", "mean"] == rows[SHUFFLES[2]]
    assert rows["corrupt", "0.2", "mean"] == rows[CORRUPTS[1]]
    assert len(rows) == 5


def test_a_label_absent_from_the_study_moves_no_score(study, metrics):
    other = evaluate(study, ("boredom", *LABELS), **SETTINGS)
    assert_rows(condition_rows(other), condition_rows(metrics))
    assert_rows(comparison_rows(other), comparison_rows(metrics))
    assert other.confusion.loc[other.confusion["label"] == "boredom", "count"].sum() == 0


def other_utterance(frame):
    return frame.assign(utterance=["another", *frame["utterance"][1:]])


def other_order(frame):
    return frame.iloc[::-1].reset_index(drop=True)


def one_fewer(frame):
    return frame.iloc[:-1]


def one_more(frame):
    return pd.concat([frame, frame.iloc[:1].assign(utterance="another")], ignore_index=True)


@pytest.mark.parametrize("change", [other_utterance, other_order, one_fewer, one_more])
@pytest.mark.parametrize("key", [NONE, CORRECT, SHUFFLES[0]])
def test_tables_of_different_utterances_are_refused(change, key):
    study = random_study(0, keys=(NONE, CORRECT, SHUFFLES[0]), utterances=20)
    study[key] = change(study[key])
    with pytest.raises(InputError):
        evaluate(study, LABELS, **SETTINGS)


@pytest.mark.parametrize("column", ["label", "prediction"])
def test_evaluation_refuses_and_names_an_unknown_label(column):
    study = random_study(0, keys=(NONE,), utterances=20)
    study[NONE].loc[7, column] = "boredom"
    with pytest.raises(InputError, match="boredom"):
        evaluate(study, LABELS, **SETTINGS)


# Speakers and pairing


def test_one_speaker_has_intervals_of_no_width():
    study = {key: frame.assign(speaker="a") for key, frame in random_study(0, keys=(NONE, CORRECT)).items()}
    metrics = evaluate(study, LABELS, **SETTINGS)
    # Every resample is the study itself.
    for frame, column in ((metrics.conditions, "uar"), (metrics.comparisons, "delta")):
        for end in ("ci_low", "ci_high"):
            np.testing.assert_allclose(frame[end], frame[column], rtol=0, atol=ROUNDING)


def test_intervals_over_different_speakers_are_wider_than_over_utterances():
    rows = [
        (f"speaker-{s}", label, label if s % 2 else INVALID)
        for s, label, _ in itertools.product(range(10), LABELS, range(5))
    ]  # fmt: skip
    speakers = {NONE: table(rows)}
    utterances = {NONE: table([(f"utterance-{i}", *row[1:]) for i, row in enumerate(rows)])}
    widths = []
    for study in (speakers, utterances):
        conditions = evaluate(study, LABELS, resamples=2000, confidence=0.95, seed=0).conditions
        widths.append(float(conditions["ci_high"].iloc[0] - conditions["ci_low"].iloc[0]))
    # Speakers of twenty like answers: the standard error is sqrt(20) = 4.5 times that of independent utterances.
    assert 3 < widths[0] / widths[1] < 6


def test_differences_are_paired_by_speaker():
    # Speaker s gets s of ten right in each class, and one more with the right tokens: the UARs vary with the draw, their
    # difference does not.
    rows = [(f"speaker-{s}", label, k) for s, label, k in itertools.product(range(8), LABELS, range(10))]
    study = {
        key: table([(speaker, label, label if k < int(speaker[-1]) + gain else INVALID) for speaker, label, k in rows])
        for key, gain in ((NONE, 0), (CORRECT, 1))
    }
    metrics = evaluate(study, LABELS, resamples=500, confidence=0.95, seed=0)
    assert (metrics.conditions["ci_high"] - metrics.conditions["ci_low"] > 0.2).all()
    delta, low, high, p, _ = comparison_rows(metrics)["Correct", "Audio only"]
    assert [delta, low, high] == pytest.approx([0.1, 0.1, 0.1], abs=ROUNDING)
    assert p == pytest.approx(2.0**-31, rel=1e-9)  # 32 discordant pairs, all on one side


def test_the_largest_p_value_over_the_seeds_is_kept():
    rows = [("a", "joy", "joy"), ("b", "joy", "joy")] * 5
    wrong = [(speaker, label, INVALID) for speaker, label, _ in rows]
    study = {CORRECT: table(rows), SHUFFLES[0]: table(wrong), SHUFFLES[1]: table([*wrong[:6], *rows[6:]]), NONE: table(rows)}
    rows_found = comparison_rows(evaluate(study, LABELS, **SETTINGS))
    # Ten discordant pairs against the one seed (2^-9) and six against the other (2^-5); Holm over three rows (the third is 1).
    assert rows_found["Correct", "Shuffle"][3:] == pytest.approx([2.0**-5, 3 * 2.0**-5], rel=1e-9)
    assert rows_found["Shuffle", "Audio only"][3:] == pytest.approx([2.0**-5, 3 * 2.0**-5], rel=1e-9)
    assert rows_found["Correct", "Audio only"][3:] == [1.0, 1.0]
