"""Speaker-clustered bootstrap of UAR (Efron & Tibshirani 1993; clusters: Field & Welsh 2007).

Utterances of a speaker are not independent; whole speakers are drawn with replacement. A resample's confusion
matrix is the sum of its speakers' matrices, so that all resamples are one matrix product.
"""

import numpy as np

from cuealign.core.seeding import generator
from cuealign.evaluation.recall import unweighted_average_recall


def speaker_weights(speakers: int, resamples: int, seed: int) -> np.ndarray:
    """How often each speaker occurs in each resample, shape ``(resamples, speakers)``; rows sum to ``speakers``.

    The same numbers give the same weights, so that conditions are compared on the same resamples.
    """
    probabilities = np.full(speakers, 1 / speakers)
    return generator("bootstrap", seed, speakers, resamples).multinomial(speakers, probabilities, size=resamples)


def resampled_uar(confusions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """UAR of every resample.

    Args:
        confusions: per-speaker counts, shape ``(speakers, C, C + 1)``.
        weights: shape ``(resamples, speakers)``.

    Returns:
        Shape ``(resamples,)``.
    """
    flat = confusions.reshape(len(confusions), -1).astype(np.float64)
    return unweighted_average_recall((weights @ flat).reshape(len(weights), *confusions.shape[1:]))


def percentile_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Central interval of bootstrap replicates."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, (tail, 1 - tail))
    return float(low), float(high)
