"""Jackknife and swap test, against SciPy, scikit-learn-free brute force and simulations of known truth."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cuealign.evaluation.jackknife import Jackknife, left_out_uar
from cuealign.evaluation.recall import confusion_counts, unweighted_average_recall
from cuealign.evaluation.significance import SMALLEST, exact_mcnemar, holm, spearman
from cuealign.evaluation.swaps import EXACT, swap_test, uar_terms
from tests.support.predictions import LABELS, ROUNDING, items, predictions_of, quick


def counts(rows):
    return confusion_counts(predictions_of(rows), LABELS, sorted({row[0] for row in rows}))


@quick
@given(items)
def test_left_out_uar_is_the_uar_of_the_other_speakers(rows):
    speakers = sorted({row[0] for row in rows})
    classes = {row[1] for row in rows}
    for speaker, found in zip(speakers, left_out_uar(counts(rows)), strict=True):
        rest = [row for row in rows if row[0] != speaker]
        if {row[1] for row in rest} == classes:
            assert found == pytest.approx(float(unweighted_average_recall(counts(rest).sum(axis=0))), abs=ROUNDING)
        else:
            assert np.isnan(found)


@quick
@given(items)
def test_terms_of_speakers_add_up_to_the_uar(rows):
    found = counts(rows)
    assert uar_terms(found).sum() == pytest.approx(float(unweighted_average_recall(found.sum(axis=0))), abs=ROUNDING)


@quick
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=20), st.floats(0.5, 0.99))
def test_the_jackknife_of_a_mean_of_equal_clusters_is_the_t_interval(values, confidence):
    """Against SciPy: for a mean, the jackknife's standard error is the usual one."""
    values = np.array(values)
    left_out = np.array([np.delete(values, place).mean() for place in range(len(values))])
    jackknife = Jackknife(values.mean(), left_out, np.full(len(values), 7))
    error = stats.sem(values)
    assert jackknife.error == pytest.approx(error, abs=1e-9)
    if error > 1e-9:
        assert jackknife.interval(confidence) == pytest.approx(
            stats.t.interval(confidence, len(values) - 1, loc=values.mean(), scale=error), abs=1e-7
        )


def test_clusters_of_unequal_size_are_worth_fewer():
    sizes = np.array([90, 5, 5])
    assert Jackknife(0.0, np.zeros(3), sizes).degrees == pytest.approx(100**2 / (90**2 + 25 + 25) - 1)
    assert Jackknife(0.0, np.zeros(3), np.array([4, 4, 4])).degrees == 2


@pytest.mark.parametrize("sizes", [[400, 4, 4, 4, 4, 4, 4], [3000, 1, 1, 1, 1, 1], [5]])
def test_clusters_that_are_worth_fewer_than_two_say_nothing(sizes):
    jackknife = Jackknife(0.5, np.linspace(0.4, 0.6, len(sizes)), np.array(sizes))
    assert np.isnan([*jackknife.interval(0.95), jackknife.p_value, jackknife.detectable(0.95)]).all()


def test_two_clusters_of_equal_size_have_an_interval():
    assert np.isfinite(Jackknife(0.5, np.array([0.4, 0.6]), np.array([7, 7])).interval(0.95)).all()


def test_what_is_detectable_is_found_with_a_power_of_eighty_percent():
    """Simulated: normal differences of twelve speakers whose mean is the detectable one."""
    random = np.random.default_rng(0)
    speakers, spread, runs = 12, 1.0, 4000
    true = Jackknife(0.0, spread / np.sqrt(speakers * (speakers - 1)) * np.r_[np.ones(6), -np.ones(6)], np.ones(speakers))
    assert true.error == pytest.approx(spread / np.sqrt(speakers), rel=1e-9)
    data = random.normal(true.detectable(0.95), spread, (runs, speakers))
    found = (stats.ttest_1samp(data, 0, axis=1).pvalue < 0.05).mean()
    # A binomial standard error of 0.6 %; the formula itself is within 1.5 % (noncentral t against a shifted one).
    assert found == pytest.approx(0.8, abs=0.03)


@quick
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=EXACT))
def test_the_exact_swap_test_counts_all_signs(values):
    values = np.array(values)
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, values, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    expected = np.mean([each >= abs(values.sum()) - 1e-12 for each in sums])
    assert swap_test(values, 0) == pytest.approx(expected, abs=2 / 2 ** len(values))  # a tie may fall on either side of rounding


def test_random_swaps_agree_with_scipys_permutation_test():
    values = np.random.default_rng(1).normal(0.3, 1, 16)
    expected = stats.permutation_test(
        (values, np.zeros(16)), lambda a, b, axis: (a - b).mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    # 99,999 draws: a standard error of at most 0.16 %.
    assert swap_test(values, 0) == pytest.approx(expected, abs=0.006)
    assert swap_test(values, 0) == swap_test(values, 0)
    assert swap_test(np.ones(40), 0) == pytest.approx(1e-5)  # never 0


def test_the_swap_test_keeps_its_level_if_speakers_differ_in_variance():
    random = np.random.default_rng(2)
    spreads = np.linspace(0.2, 3, 10)
    rejected = np.mean([swap_test(random.normal(0, spreads), 0) < 0.05 for _ in range(1500)])
    assert rejected < 0.05 + 3 * 0.0056  # three binomial standard errors


@pytest.mark.parametrize(
    ("x", "y", "rho", "p"),
    [
        ([0.2, 0.6, 1.0], [3, 2, 1], -1, 1 / 3),
        ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], -1, 2 / 120),
        ([1, 2, 3, 4], [4, 3, 1, 2], -0.8, 1 / 3),
    ],
)
def test_spearman_of_few_values_is_exact(x, y, rho, p):
    assert spearman(x, y) == (pytest.approx(rho), pytest.approx(p))


@quick
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=6))
def test_spearman_of_few_values_agrees_with_scipys_exact_permutation(pairs):
    x, y = zip(*pairs, strict=True)
    if len(set(x)) < 2 or len(set(y)) < 2:
        return
    expected = stats.permutation_test(
        (np.array(x),),
        lambda values, axis: np.apply_along_axis(lambda row: abs(stats.spearmanr(row, y).statistic), axis, values),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    assert spearman(x, y)[1] == pytest.approx(expected, abs=1e-9)


def test_no_p_value_is_zero():
    assert spearman(range(30), range(30))[1] > 0
    right, wrong = np.ones(3000, dtype=bool), np.zeros(3000, dtype=bool)
    assert exact_mcnemar(right, wrong) == SMALLEST > 0
    assert holm([SMALLEST, SMALLEST])[0] > 0


def test_holm_passes_missing_p_values_by():
    assert holm([0.01, float("nan"), 0.04]) == pytest.approx([0.02, float("nan"), 0.04], nan_ok=True)
    assert np.isnan(holm([float("nan")])).all()
