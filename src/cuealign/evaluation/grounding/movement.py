"""How much answers and log-odds move between cue blocks that do not belong to the sound.

Shares compare the variance within utterances, over draws, with the variance between utterances. Both are unbiased, need no
regression and hold interactions of cues.
"""

import numpy as np

from cuealign.evaluation.grounding.clusters import Clusters, ratio

LIVE = 0.01
"""A label is live if more than this share of the answers name it."""


def one_hot(answers: np.ndarray, count: int) -> np.ndarray:
    """Indicators of answers, shape ``(..., count)``; an answer of ``count`` or more is all zeros."""
    return (answers[..., None] == np.arange(count)).astype(float)


def answers_moved(answers: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Probability that two draws of an utterance have different answers (F).

    Args:
        answers: shape ``(N, S)``; INVALID is an answer like any other.
        clusters: of the utterances.

    Returns:
        Shape ``(G + 1,)``; NaN with one draw.
    """
    draws = answers.shape[1]
    if draws < 2:
        return np.full(clusters.count + 1, np.nan)
    counts = one_hot(answers, int(answers.max()) + 1).sum(axis=1)
    same = (counts * (counts - 1)).sum(axis=1) / (draws * (draws - 1))
    return clusters.mean(1 - same)


def variances(vectors: np.ndarray, clusters: Clusters) -> tuple[np.ndarray, np.ndarray]:
    """Variance within and between utterances, summed over the vectors' components.

    Args:
        vectors: shape ``(N, S, D)``.
        clusters: of the utterances.

    Returns:
        W, the mean square about the utterances' means over N (S - 1); B, the variance of the means less W / S, which may fall below
        0. Both have shape ``(G + 1,)``, and are NaN with one draw.
    """
    draws = vectors.shape[1]
    if draws < 2:
        return (np.full(clusters.count + 1, np.nan),) * 2
    means = vectors.mean(axis=1)
    centre = means.mean(axis=0)  # a common shift changes no variance, and keeps the sums of squares small
    counts = clusters.sums(np.ones(len(vectors)))
    within = ratio(clusters.sums(np.square(vectors - means[:, None]).sum(axis=(1, 2))), counts * (draws - 1))
    squares, sums = clusters.sums(np.square(means - centre).sum(axis=1)), clusters.sums(means - centre)
    between = ratio(squares - ratio(np.square(sums).sum(axis=1), counts), counts - 1)
    return within, between - within / draws


def share_moved(vectors: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Share of all variation that lies within utterances, W / (W + B), shape ``(G + 1,)``; NaN where nothing varies.

    Args:
        vectors: shape ``(N, S, D)``; of answers, indicators with INVALID as a category.
        clusters: of the utterances.
    """
    within, between = variances(vectors, clusters)
    total = within + between
    return ratio(within, np.where(total > 1e-12, total, 0.0))


def live_labels(answers: np.ndarray, count: int) -> np.ndarray:
    """Labels that more than :data:`LIVE` of some answers name, as indices; INVALID does not count as a label."""
    return np.flatnonzero(one_hot(answers, count).reshape(-1, count).mean(axis=0) > LIVE)


def log_odds(scores: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Log-probabilities of the live labels, centred on their mean: log-odds against the labels' geometric mean.

    Dead labels would swamp the rest: one at -30 turned a share of .007 into .67.
    """
    chosen = scores[..., live]
    return chosen - chosen.mean(axis=-1, keepdims=True)
