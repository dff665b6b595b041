"""Effects of tokens by least squares within utterances, for tokens that were drawn at random.

Orthonormal contrasts code the five levels of a concept, so that effects have mean 0 over levels, and squared coefficients sum to
the variance that a concept explains.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.evaluation.grounding.clusters import Clusters, with_and_without

LEVELS = 5
PAIRS: tuple[tuple[int, int], ...] = tuple(combinations(range(len(CONCEPTS)), 2))
"""Pairs of concepts, as indices."""

_CUT = 1e-10  # eigenvalues below this share of the largest are rounding

if any(len(tokens) != LEVELS for tokens in TOKENS.values()):
    raise RuntimeError("the contrasts are for five tokens per concept")


def _contrasts() -> np.ndarray:
    """Orthonormal contrasts of five levels, with a row of zeros for a token without a level, shape ``(6, 4)``."""
    basis = np.linalg.qr(np.column_stack([np.ones(LEVELS), np.eye(LEVELS)[:, :-1]]))[0][:, 1:]
    return np.vstack([basis, np.zeros(LEVELS - 1)])


_CONTRASTS = _contrasts()


def main_design(tokens: np.ndarray) -> np.ndarray:
    """Contrasts of six tokens, shape ``(..., 24)``, from indices ``(..., 6)``; -1 gives zeros."""
    return _CONTRASTS[tokens].reshape(*tokens.shape[:-1], -1)


def pair_design(tokens: np.ndarray) -> np.ndarray:
    """Products of the contrasts of each pair of concepts, shape ``(..., 240)``."""
    coded = _CONTRASTS[tokens]
    products = [coded[..., a, :, None] * coded[..., b, None, :] for a, b in PAIRS]
    return np.stack(products, axis=-3).reshape(*tokens.shape[:-1], -1)


@dataclass(frozen=True)
class Fit:
    """Coefficients with all clusters and without each, shape ``(G + 1, P, D)`` for P contrasts and D components."""

    coefficients: np.ndarray

    @cached_property
    def effects(self) -> np.ndarray:
        """Effects of the tokens, shape ``(G + 1, 6, 5, D)``; their mean over the levels of a concept is 0."""
        rows, _, components = self.coefficients.shape
        main = self.coefficients[:, : len(CONCEPTS) * (LEVELS - 1)].reshape(rows, len(CONCEPTS), LEVELS - 1, components)
        return np.einsum("lc,rkcd->rkld", _CONTRASTS[:-1], main)

    @cached_property
    def powers(self) -> np.ndarray:
        """What each concept explains: the mean over levels of squared effects, summed over components, shape ``(G + 1, 6)``."""
        return np.square(self.effects).mean(axis=2).sum(axis=-1)

    @cached_property
    def pair_powers(self) -> np.ndarray:
        """What each pair explains beyond its two concepts, shape ``(G + 1, 15)``, in the order of :data:`PAIRS`."""
        rows, _, components = self.coefficients.shape
        pairs = self.coefficients[:, len(CONCEPTS) * (LEVELS - 1) :].reshape(rows, len(PAIRS), -1, components)
        return np.square(pairs).sum(axis=(2, 3)) / LEVELS**2


def fit(values: np.ndarray, design: np.ndarray, clusters: Clusters) -> Fit | None:
    """Least squares of values on a design, both as deviations from the utterance's mean.

    Args:
        values: shape ``(N, S, D)``.
        design: shape ``(N, S, P)``.
        clusters: of the utterances.

    Returns:
        None if there are fewer than two degrees of freedom per coefficient.
    """
    count, draws, width = design.shape
    if draws < 2 or count * (draws - 1) < 2 * width:
        return None
    left = design - design.mean(axis=1, keepdims=True)
    right = values - values.mean(axis=1, keepdims=True)
    products, targets = [], []
    for cluster in range(clusters.count):
        own = clusters.members == cluster
        x, y = left[own].reshape(-1, width), right[own].reshape(-1, values.shape[-1])
        products.append(x.T @ x)
        targets.append(x.T @ y)
    inverse = np.linalg.pinv(with_and_without(np.stack(products)), rcond=_CUT, hermitian=True)
    return Fit(inverse @ with_and_without(np.stack(targets)))


def read_out(effects: np.ndarray, tokens: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Sum of the effects of six tokens, for every trial by a fit of its own.

    Args:
        effects: shape ``(R, 6, 5, D)``.
        tokens: indices, shape ``(N, S, 6)``; -1 adds nothing.
        rows: the fit of each utterance, shape ``(N,)``.

    Returns:
        Shape ``(N, S, D)``.
    """
    padded = np.concatenate([effects, np.zeros_like(effects[:, :, :1])], axis=2)
    chosen = rows[:, None]
    return sum(padded[chosen, place, tokens[..., place]] for place in range(len(CONCEPTS)))
