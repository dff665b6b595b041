"""UAR against the block without content, calibration, and shifts of the prior."""

import numpy as np

from cuealign.evaluation.grounding.clusters import Clusters, ratio
from cuealign.evaluation.grounding.movement import one_hot

BINS = 15
"""Bins of the calibration error."""


def uar(labels: np.ndarray, answers: np.ndarray, clusters: Clusters, count: int) -> np.ndarray:
    """UAR of answers ``(N, S)``, recalls pooled over draws, shape ``(G + 1,)``; NaN where a class is left without utterances."""
    gold = one_hot(labels, count)
    hits = gold * (answers == labels[:, None]).mean(axis=1)[:, None]
    return _balanced(clusters.sums(hits), clusters.sums(gold))


def _balanced(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean over the classes of all utterances of sums over counts, both of shape ``(G + 1, C)``."""
    present = counts[0] > 0
    return ratio(sums[:, present], counts[:, present]).mean(axis=1)


def uar_without_content(
    labels: np.ndarray, log_odds: np.ndarray, content: np.ndarray, live: np.ndarray, clusters: Clusters, count: int
) -> np.ndarray:
    """UAR of the answers to a block without content: the log-odds under random tokens, less what the tokens add.

    Args:
        labels: gold labels, shape ``(N,)``.
        log_odds: mean over draws, shape ``(N, L)``.
        content: what the tokens add on average, by the fit with all clusters and without each, shape ``(G + 1, N, L)``.
        live: labels of the last axis, as indices.
        clusters: of the utterances.
        count: of labels.

    Returns:
        Shape ``(G + 1,)``; each row uses its own fit.
    """
    values = []
    for row, added in enumerate(content):
        answers = live[(log_odds - added).argmax(axis=-1)]
        values.append(uar(labels, answers[:, None], clusters, count)[row])
    return np.array(values)


def calibration_error(scores: np.ndarray, labels: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Expected calibration error: the mean distance of accuracy from confidence over :data:`BINS` bins of the top probability.

    Source: Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017.

    Args:
        scores: log-probabilities, shape ``(N, S, C)``; the label of the highest is what is right or wrong.
        labels: gold labels, shape ``(N,)``.
        clusters: of the utterances.

    Returns:
        Shape ``(G + 1,)``.
    """
    top = np.exp(scores.max(axis=-1)).clip(max=1.0)
    right = scores.argmax(axis=-1) == labels[:, None]
    bins = one_hot((np.ceil(top * BINS).astype(int) - 1).clip(0), BINS)
    gaps = clusters.sums((bins * (right - top)[..., None]).sum(axis=1))
    return ratio(np.abs(gaps).sum(axis=1), clusters.sums(np.full(len(labels), float(scores.shape[1]))))


def class_means(values: np.ndarray, labels: np.ndarray, clusters: Clusters, count: int) -> np.ndarray:
    """Mean vector of each class, shape ``(G + 1, C, D)``, from vectors ``(N, D)``; NaN for a class without utterances."""
    gold = one_hot(labels, count)
    sums = clusters.sums(gold[:, :, None] * values[:, None, :])
    return ratio(sums, np.broadcast_to(clusters.sums(gold)[:, :, None], sums.shape))


def prior_shift(values: np.ndarray, reference: np.ndarray, labels: np.ndarray, clusters: Clusters, count: int) -> np.ndarray:
    """How far a condition moves the log-odds of all classes alike: the root mean square over labels of the class-balanced mean shift.

    Args:
        values, reference: centred log-odds under the condition and under the reference, averaged over draws, shape ``(N, C)``.
        labels: gold labels, shape ``(N,)``.
        clusters: of the utterances.
        count: of labels.

    Returns:
        Nats, shape ``(G + 1,)``.
    """
    means = class_means(values - reference, labels, clusters, count)
    present = ~np.isnan(means[0]).any(axis=-1)
    return np.sqrt(np.square(means[:, present].mean(axis=1)).mean(axis=-1))


def discrimination(values: np.ndarray, labels: np.ndarray, clusters: Clusters, count: int) -> np.ndarray:
    """How far the log-odds of a label lie higher where it is the gold label than elsewhere, classes weighing the same.

    A shift of the prior leaves it as it is.

    Args:
        values: centred log-odds, averaged over draws, shape ``(N, C)``.
        labels: gold labels, shape ``(N,)``.
        clusters: of the utterances.
        count: of labels.

    Returns:
        Nats, shape ``(G + 1,)``.
    """
    means = class_means(values, labels, clusters, count)
    present = np.flatnonzero(~np.isnan(means[0]).any(axis=-1))
    own = means[:, present, present]
    return (own - means[:, present][:, :, present].mean(axis=1)).mean(axis=1)
