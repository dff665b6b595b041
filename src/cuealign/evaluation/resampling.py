"""Speaker-clustered bootstrap of UAR (Efron & Tibshirani 1993; clusters: Field & Welsh 2007).

Utterances of a speaker are not independent, so whole speakers are drawn with replacement. The confusion matrix of a resample
is the sum of its speakers' matrices, so all resamples are computed by one matrix product.
"""

import numpy as np

from cuealign.core.seeding import generator
from cuealign.evaluation.recall import unweighted_average_recall


def speaker_weights(speakers: int, resamples: int, seed: int) -> np.ndarray:
    """Draw how often each speaker occurs in each resample.

    Equal arguments give equal weights, so all conditions are compared on the same resamples.

    Returns:
        Counts, shape ``(resamples, speakers)``; rows sum to ``speakers``.
    """
    probabilities = np.full(speakers, 1 / speakers)
    return generator("bootstrap", seed, speakers, resamples).multinomial(speakers, probabilities, size=resamples)


def resampled_uar(confusions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the UAR of every resample.

    Args:
        confusions: counts per speaker, shape ``(speakers, C, C + 1)``.
        weights: from :func:`speaker_weights`, shape ``(resamples, speakers)``.

    Returns:
        UAR in [0, 1], shape ``(resamples,)``. It is NaN where a class of the sample has no utterance in the resample: its mean
        over the other classes would be another statistic.
    """
    flat = confusions.reshape(len(confusions), -1).astype(np.float64)
    drawn = (weights @ flat).reshape(len(weights), *confusions.shape[1:])
    present = confusions.sum(axis=(0, -1)) > 0
    whole = (drawn.sum(axis=-1)[:, present] > 0).all(axis=1)
    uar = np.full(len(weights), np.nan)
    if whole.any():
        uar[whole] = unweighted_average_recall(drawn[whole])
    return uar


def percentile_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Interval that contains the central share ``confidence`` of ``values``; those that are missing (NaN) are left out."""
    tail, known = (1 - confidence) / 2, values[~np.isnan(values)]
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, (tail, 1 - tail))
    return float(low), float(high)
