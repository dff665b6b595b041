"""Jackknife-t intervals: clusters are left out one at a time (Quenouille 1956; Tukey 1958).

With ten clusters, percentiles of a bootstrap cover too little. Degrees of freedom are those of as many clusters of equal size as
the clusters are worth, which is fewer if a few of them hold most utterances.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

POWER = 0.8
"""Probability with which :meth:`Jackknife.detectable` is found."""

FEWEST_WORTH = 2
"""Clusters of equal size that clusters must be worth. With fewer, Student's t has less than one degree of freedom, and intervals
become as wide as 10⁹."""


def worth(sizes: np.ndarray) -> float:
    """The clusters' effective number, (Σn)²/Σn²: how many clusters of equal size they are worth."""
    return float(sizes.sum() ** 2 / np.square(sizes, dtype=float).sum())


def left_out_uar(confusions: np.ndarray) -> np.ndarray:
    """UAR without each cluster.

    The classes stay those of all clusters. Without the only cluster that has a class, the UAR is another statistic: NaN.

    Args:
        confusions: counts per cluster, shape ``(clusters, C, C + 1)``.

    Returns:
        UAR in [0, 1], shape ``(clusters,)``.
    """
    hits, support = np.diagonal(confusions, axis1=-2, axis2=-1), confusions.sum(axis=-1)
    present = support.sum(axis=0) > 0
    rest_hits, rest = (hits.sum(axis=0) - hits)[:, present], (support.sum(axis=0) - support)[:, present]
    recalls = np.divide(rest_hits, rest, out=np.full(rest.shape, np.nan), where=rest > 0)
    return recalls.mean(axis=1)


@dataclass(frozen=True)
class Jackknife:
    """A statistic and its values without each cluster.

    Attributes:
        estimate: from all clusters.
        left_out: without each, shape ``(clusters,)``.
        sizes: utterances of each cluster, shape ``(clusters,)``.
    """

    estimate: float
    left_out: np.ndarray
    sizes: np.ndarray

    @property
    def degrees(self) -> float:
        """Degrees of freedom: the clusters' effective number, (Σn)²/Σn², less one."""
        return worth(self.sizes) - 1

    @property
    def decides(self) -> bool:
        """Whether the clusters are worth :data:`FEWEST_WORTH`; of fewer, there are no intervals and no tests."""
        return worth(self.sizes) >= FEWEST_WORTH

    @property
    def error(self) -> float:
        """Standard error; NaN where a cluster cannot be left out."""
        count = len(self.left_out)
        return float(np.sqrt((count - 1) / count * np.square(self.left_out - self.left_out.mean()).sum()))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Interval of a confidence level; NaN where the clusters do not decide."""
        if not self.decides:
            return float("nan"), float("nan")
        half = float(stdtrit(self.degrees, (1 + confidence) / 2)) * self.error
        return self.estimate - half, self.estimate + half

    @property
    def p_value(self) -> float:
        """Two-sided p-value of the t-test against 0; NaN without a standard error, 1 where no cluster differs."""
        if self.estimate == 0 and not self.left_out.any():
            return 1.0
        if not self.decides or not self.error > 0:
            return float("nan")
        return float(2 * stdtr(self.degrees, -abs(self.estimate) / self.error))

    def detectable(self, confidence: float) -> float:
        """Smallest difference that a test at this level finds with a probability of :data:`POWER`."""
        if not self.decides:
            return float("nan")
        return float(stdtrit(self.degrees, (1 + confidence) / 2) + stdtrit(self.degrees, POWER)) * self.error
