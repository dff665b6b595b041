"""Paired test, correction for multiple tests, and rank correlation, computed by statsmodels and SciPy."""

from collections.abc import Sequence
from itertools import permutations
from math import factorial

import numpy as np
from scipy.stats import rankdata, spearmanr
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

SMALLEST = float(np.finfo(float).tiny)
"""Smallest p-value that is kept: one that is smaller than any number is not 0."""

FEW = 8
"""Most values whose orders are all tried."""

_TIE = 1e-9  # sums of half ranks are exact to this


def exact_mcnemar(correct_a: np.ndarray, correct_b: np.ndarray) -> float:
    """Two-sided p-value of the exact McNemar test (McNemar 1947) on paired correctness.

    Args:
        correct_a, correct_b: whether each utterance was classified correctly, shape ``(n,)``.

    Returns:
        Binomial p-value of the discordant pairs, at least :data:`SMALLEST`; 1 if there are none.

    Raises:
        ValueError: if the shapes differ.
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"outcomes of shapes {a.shape} and {b.shape} cannot be paired")
    table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
    if table[0][1] + table[1][0] == 0:
        return 1.0
    return max(float(mcnemar(table, exact=True).pvalue), SMALLEST)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of a family of tests (Holm 1979), in the order given; one that is missing (NaN) is no test."""
    adjusted = np.full(len(p_values), np.nan)
    known = ~np.isnan(np.asarray(p_values, dtype=float))
    if known.any():
        adjusted[known] = multipletests(np.asarray(p_values, dtype=float)[known], method="holm")[1]
    return adjusted.tolist()


def spearman(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Rank correlation and its two-sided p-value; NaN if ``x`` or ``y`` is constant or has fewer than three values.

    The p-value is exact for up to :data:`FEW` values: the share of all orders with a correlation as far from 0. SciPy's
    approximation would give 0 for three values in order, where the exact one is 1/3. For more values, it is at least that of
    one order and its reverse among all.
    """
    if len(x) < 3 or len(set(x)) < 2 or len(set(y)) < 2:
        return float("nan"), float("nan")
    result = spearmanr(x, y)
    rho = float(result.statistic)
    if len(x) > FEW:
        return rho, max(float(result.pvalue), 2 / factorial(len(x)))
    ranks_x, ranks_y = (rankdata(values) - (len(values) + 1) / 2 for values in (x, y))
    orders = np.array(list(permutations(range(len(x)))))
    sums = ranks_y[orders] @ ranks_x
    return rho, float((np.abs(sums) >= abs(float(ranks_x @ ranks_y)) - _TIE).mean())
