"""McNemar, Holm and Spearman, against SciPy and counting."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cuealign.evaluation.significance import FEW, exact_mcnemar, holm, spearman
from tests.support.predictions import ROUNDING, holm_step_down, mcnemar_by_counting, moderate, quick

probabilities = st.lists(st.floats(0, 1), max_size=12)
small_integers = st.integers(-4, 4)
paired_outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


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
def test_concordant_pairs_do_not_change_mcnemar(pairs, agreed):
    correct_a, correct_b = ([pair[side] for pair in pairs] for side in (0, 1))
    more = exact_mcnemar(np.array(correct_a + agreed, dtype=bool), np.array(correct_b + agreed, dtype=bool))
    assert more == exact_mcnemar(np.array(correct_a, dtype=bool), np.array(correct_b, dtype=bool))


@pytest.mark.parametrize("pairs", [0, 1, 7])
def test_mcnemar_without_a_discordant_pair_is_one(pairs):
    outcome = np.arange(pairs) % 2 == 0
    assert exact_mcnemar(outcome, outcome.copy()) == 1.0


@pytest.mark.parametrize("discordant", [1, 5, 10, 60])
def test_mcnemar_of_n_discordant_pairs_on_one_side_is_2_to_the_1_minus_n(discordant):
    p = exact_mcnemar(np.ones(discordant, dtype=bool), np.zeros(discordant, dtype=bool))
    assert p == pytest.approx(2.0 ** (1 - discordant), rel=1e-9)


def test_mcnemar_stays_exact_for_thousands_of_pairs():
    # 2^2000 overflows a double, and the continuity-corrected chi-square would be off in the third digit.
    correct_a = np.arange(2000) < 1060
    expected = mcnemar_by_counting(correct_a.tolist(), (~correct_a).tolist())
    assert exact_mcnemar(correct_a, ~correct_a) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("one", "other"), [(3, 4), (0, 1), (1, 3)])
def test_mcnemar_refuses_outcomes_of_unequal_shapes(one, other):
    with pytest.raises(ValueError, match="cannot be paired"):
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


def test_holm_gives_the_values_of_a_worked_example():
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
    if len(x) > FEW:  # exact below, in test_jackknife.py
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
    assert result[1] == pytest.approx(2 / 24)  # one order of four values and its reverse


@pytest.mark.parametrize(
    ("x", "y"),
    [([], []), ([1], [2]), ([1, 2], [2, 1]), ([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2, 3, 4], [0.3, 0.3, 0.3, 0.3]), ([1, 1, 1], [2, 2, 2])],
    ids=["none", "one", "two", "constant-x", "constant-y", "both-constant"],
)
def test_spearman_is_undefined_below_three_pairs_or_with_a_constant_side(x, y):
    rho, p = spearman(x, y)
    assert math.isnan(rho)
    assert math.isnan(p)
