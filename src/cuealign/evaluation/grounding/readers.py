"""Readers: what an answer would be if only the tokens counted."""

from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression

from cuealign.core.vocabulary import CONCEPTS
from cuealign.evaluation.grounding.clusters import Clusters
from cuealign.evaluation.grounding.effects import LEVELS, fit, main_design, read_out
from cuealign.evaluation.grounding.movement import one_hot

Reader = Callable[[np.ndarray], np.ndarray]
"""From tokens ``(N, S, 6)`` of the utterances to the answers of the reader ``(N, S)``, as indices of labels."""

RARE = 20
"""A level that fewer utterances have gets no partial effect."""


def indicators(tokens: np.ndarray) -> np.ndarray:
    """One column per concept and level, shape ``(..., 30)``; zeros for a token without a level."""
    return one_hot(tokens, LEVELS).reshape(*tokens.shape[:-1], -1)


def _logit(tokens: np.ndarray, labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Balanced multinomial logit of the label on all tokens.

    Classes weigh the same, since a reader that knows a frequent class would answer it whatever the tokens say.

    Returns:
        Effects, shape ``(6, 5, count)``, and intercepts, shape ``(count,)``; minus infinity for a class without an utterance.
    """
    classes = np.unique(labels)
    coefficients, intercepts = np.zeros((count, indicators(tokens).shape[1])), np.full(count, -np.inf)
    if len(classes) == 1:
        intercepts[classes] = 0.0
    else:
        # Newton steps reach the optimum to rounding; C is scikit-learn's default penalty.
        model = LogisticRegression(C=1.0, class_weight="balanced", solver="newton-cholesky", tol=1e-8, max_iter=200)
        model.fit(indicators(tokens), labels)
        slopes, offsets = model.coef_, model.intercept_
        if len(classes) == 2:  # scikit-learn then has one row: the log-odds of the second
            slopes, offsets = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-offsets, offsets]) / 2
        coefficients[classes], intercepts[classes] = slopes, offsets
    return coefficients.T.reshape(len(CONCEPTS), LEVELS, count), intercepts


def cue_reader(labels: np.ndarray, tokens: np.ndarray, speakers: Clusters, count: int) -> Reader:
    """What the corpus says a block means: a balanced multinomial logit of the gold label on the tokens.

    Args:
        labels: gold labels, shape ``(N,)``.
        tokens: correct ones, shape ``(N, 6)``.
        speakers: every utterance is read by a fit on the other speakers.
        count: of labels.
    """
    fits = [_logit(tokens[speakers.members != speaker], labels[speakers.members != speaker], count) for speaker in range(speakers.count)]
    effects, intercepts = (np.stack(parts) for parts in zip(*fits, strict=True))
    rows = speakers.members
    return lambda asked: (read_out(effects, asked, rows) + intercepts[rows][:, None]).argmax(axis=-1)


def own_reader(answers: np.ndarray, tokens: np.ndarray, speakers: Clusters, count: int) -> Reader | None:
    """What the model itself seems to take a block for: additive effects of random tokens on its answers, plus their overall shares.

    Args:
        answers: under random tokens, shape ``(N, S)``.
        tokens: shape ``(N, S, 6)``.
        speakers: every utterance is read by a fit on the other speakers.
        count: of labels.

    Returns:
        None if there are too few draws for a fit.
    """
    vectors = one_hot(answers, count)
    fitted = fit(vectors, main_design(tokens), speakers)
    if fitted is None:
        return None
    shares = speakers.sums(vectors.mean(axis=1)) / speakers.sums(np.ones(len(vectors)))[:, None]
    rows = speakers.members + 1  # row 0 is all speakers
    return lambda asked: (read_out(fitted.effects, asked, rows) + shares[rows][:, None]).argmax(axis=-1)


def partial_effects(labels: np.ndarray, tokens: np.ndarray, clusters: Clusters, count: int) -> np.ndarray:
    """Effects of the tokens in the corpus, each with all others held fixed.

    Marginal log-odds would mix in what goes along with a token: a listener to cues agrees with these effects, not with those.

    Args:
        labels: gold labels, shape ``(N,)``.
        tokens: correct ones, shape ``(N, 6)``.
        clusters: of the utterances.
        count: of labels.

    Returns:
        Log-odds with all clusters and without each, shape ``(G + 1, 6, 5, count)``, centred over the levels of a concept and over
        labels; NaN for levels of fewer than :data:`RARE` utterances.
    """
    samples = [np.ones(len(labels), dtype=bool), *(clusters.members != cluster for cluster in range(clusters.count))]
    effects = np.stack([_logit(tokens[sample], labels[sample], count)[0] for sample in samples if sample.any()])
    known = (one_hot(tokens, LEVELS).sum(axis=0) >= RARE)[:, :, None]
    centre = np.where(known, effects, 0.0).sum(axis=2, keepdims=True) / known.sum(axis=1, keepdims=True).clip(1)
    effects = np.where(known, effects - centre, np.nan)
    return effects - effects.mean(axis=-1, keepdims=True)
