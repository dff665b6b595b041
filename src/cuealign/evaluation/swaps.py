"""Permutation test of a difference in UAR: the two conditions are swapped within speakers (Fisher 1935).

Under the null hypothesis, the conditions of a speaker are exchangeable. Gold labels are the same under both, so the difference is
a sum over speakers, and a swap turns the sign of a speaker's term.
"""

import numpy as np

from cuealign.core.seeding import generator

EXACT = 12
"""Most speakers for which all swaps are tried."""

DRAWS = 99_999
"""Random swaps for more speakers."""

_TIE = 1e-12  # sums in another order differ by less


def uar_terms(confusions: np.ndarray) -> np.ndarray:
    """Share of each speaker in the UAR: hits over the class's support in all speakers, averaged over classes.

    Args:
        confusions: counts per speaker, shape ``(speakers, C, C + 1)``.

    Returns:
        Terms whose sum is the UAR, shape ``(speakers,)``.
    """
    hits, support = np.diagonal(confusions, axis1=-2, axis2=-1), confusions.sum(axis=(0, -1))
    present = support > 0
    return (hits[:, present] / support[present]).sum(axis=1) / present.sum()


def swap_test(differences: np.ndarray, seed: int) -> float:
    """Two-sided p-value of the sum of some differences under random signs.

    Args:
        differences: one per speaker, shape ``(speakers,)``.
        seed: of random swaps, with more than :data:`EXACT` speakers.

    Returns:
        Share of all swaps whose sum is as far from 0; with random ones, that share with the observed one counted in.
    """
    count, observed = len(differences), abs(float(differences.sum()))
    if count <= EXACT:
        signs = 1 - 2 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
        return float((np.abs(signs @ differences) >= observed - _TIE).mean())
    signs = 1 - 2 * generator("swaps", seed, count).integers(0, 2, size=(DRAWS, count), dtype=np.int8)
    return float((1 + (np.abs(signs @ differences) >= observed - _TIE).sum()) / (1 + DRAWS))
