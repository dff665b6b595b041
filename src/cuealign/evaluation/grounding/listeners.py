"""The ruler of the equivalent cue weight: the temperatures of the control listeners."""

import numpy as np

from cuealign.core.calibration import temperature
from cuealign.evaluation.grounding.clusters import Clusters


def temperatures(scores: np.ndarray, labels: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Temperature that makes a listener's log-probabilities most likely, with all clusters and without each, shape ``(G + 1,)``.

    A temperature that is wrong by a factor of two turns a weight of .25 into .14 or .40. So the interval of the weight holds the
    error of the ruler too: each jackknife sample has a temperature of its own.

    Args:
        scores: log-probabilities, shape ``(N, C)``.
        labels: gold labels, shape ``(N,)``.
        clusters: speakers or sessions.
    """
    without = [clusters.members != cluster for cluster in range(clusters.count)]
    left_out = [temperature(scores[kept], labels[kept]) if kept.any() else float("nan") for kept in without]
    return np.array([temperature(scores, labels), *left_out])
