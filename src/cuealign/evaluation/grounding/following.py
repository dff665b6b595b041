"""Whether answers go where the tokens point, over and above where they would go anyway."""

import numpy as np

from cuealign.evaluation.grounding.clusters import Clusters, ratio


def _matches(answers: np.ndarray, read: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of an utterance's answers that equal what its own block says, and what the blocks of its other draws say."""
    draws = answers.shape[1]
    equal = answers[:, :, None] == read[:, None, :]
    own = np.diagonal(equal, axis1=1, axis2=2).sum(axis=1)
    return own / draws, (equal.sum(axis=(1, 2)) - own) / (draws * (draws - 1))


def follow_index(answers: np.ndarray, read: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Agreement with the block at hand, beyond agreement with blocks of other draws: 0 for whoever ignores what a block says.

    Args:
        answers: under foreign blocks, shape ``(N, S)``.
        read: what a reader makes of these blocks, shape ``(N, S)``.
        clusters: of the utterances.

    Returns:
        [P(a_s = r_s) - P(a_s = r_t)] / [1 - P(a_s = r_t)] for draws s ≠ t, shape ``(G + 1,)``; NaN with one draw.
    """
    if answers.shape[1] < 2:
        return np.full(clusters.count + 1, np.nan)
    own, other = (clusters.mean(share) for share in _matches(answers, read))
    return ratio(own - other, 1 - other)


def follow_index_of_each(answers: np.ndarray, read: np.ndarray, clusters: Clusters) -> np.ndarray:
    """The follow index of each cluster alone, shape ``(G,)``."""
    if answers.shape[1] < 2:
        return np.full(clusters.count, np.nan)
    own, other = (clusters.of_each(share) / clusters.sizes for share in _matches(answers, read))
    return ratio(own - other, 1 - other)


def conflict_follow_rate(
    conflict: np.ndarray, contradicted: np.ndarray, true: np.ndarray, foreign: np.ndarray, clusters: Clusters
) -> np.ndarray:
    """How often an answer goes where the contradicting block points, less how often it goes there under foreign blocks.

    Only trials count whose contradicting block reads as another label than the true one. Without the second term, a shift by the
    format or jitter of the text looks like following.

    Args:
        conflict: answers under conflict, shape ``(N, 1)``.
        contradicted, true: what a reader makes of the contradicting and of the correct block, shape ``(N, 1)``.
        foreign: answers under foreign blocks, shape ``(N, S)``.
        clusters: of the utterances.

    Returns:
        Shape ``(G + 1,)``.
    """
    counted = contradicted[:, 0] != true[:, 0]
    difference = (conflict == contradicted)[:, 0] - (foreign == contradicted).mean(axis=1)
    return clusters.mean(np.where(counted, difference, np.nan))
