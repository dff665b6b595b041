"""Paired test, correction for multiple tests, and rank correlation, computed by statsmodels and SciPy."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests


def exact_mcnemar(correct_a: np.ndarray, correct_b: np.ndarray) -> float:
    """Two-sided p-value of the exact McNemar test (McNemar 1947) on paired correctness.

    Args:
        correct_a, correct_b: whether each utterance was classified correctly, shape ``(n,)``.

    Returns:
        Binomial p-value of the discordant pairs; 1 if there are none.

    Raises:
        ValueError: if the shapes differ.
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"outcomes of shapes {a.shape} and {b.shape} cannot be paired")
    table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
    if table[0][1] + table[1][0] == 0:
        return 1.0
    return float(mcnemar(table, exact=True).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of a family of tests (Holm 1979), in the order given."""
    return multipletests(p_values, method="holm")[1].tolist() if len(p_values) else []


def spearman(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Rank correlation and its two-sided p-value; NaN if ``x`` or ``y`` is constant or has fewer than three values."""
    if len(x) < 3 or len(set(x)) < 2 or len(set(y)) < 2:
        return float("nan"), float("nan")
    result = spearmanr(x, y)
    return float(result.statistic), float(result.pvalue)
