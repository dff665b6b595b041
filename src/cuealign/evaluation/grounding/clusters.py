"""Sums over all clusters and without each, and quantities with jackknife-t intervals.

Every estimator is a function of sums over utterances. It takes arrays whose first axis has one row for all clusters and one row
without each cluster, and returns an array with the same axis: a quantity and its jackknife in one go, at a cost that is linear in
utterances.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit, logit

from cuealign.evaluation.jackknife import Jackknife

Scale = Literal["plain", "share", "odds", "log", "correlation"]
"""Scale on which an interval is symmetric."""

_INSIDE = (0.003, 0.97)  # beyond, the logit of a share is too curved for a normal approximation


@dataclass(frozen=True)
class Clusters:
    """Speakers or sessions.

    Attributes:
        members: cluster of each utterance, from 0 to G - 1, shape ``(N,)``.
    """

    members: np.ndarray

    @cached_property
    def count(self) -> int:
        """Number of clusters, G."""
        return int(self.members.max()) + 1

    @cached_property
    def sizes(self) -> np.ndarray:
        """Utterances of each cluster, shape ``(G,)``."""
        return np.bincount(self.members, minlength=self.count)

    @cached_property
    def _indicators(self) -> csr_matrix:
        count = len(self.members)
        return csr_matrix((np.ones(count), (self.members, np.arange(count))), shape=(self.count, count))

    def of_each(self, values: np.ndarray) -> np.ndarray:
        """Sums of values of shape ``(N, ...)`` over each cluster, shape ``(G, ...)``."""
        flat = np.asarray(values, dtype=float).reshape(len(self.members), -1)
        return (self._indicators @ flat).reshape(self.count, *values.shape[1:])

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums of values of shape ``(N, ...)`` over all clusters, then without each, shape ``(G + 1, ...)``."""
        return with_and_without(self.of_each(values))

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Means of values of shape ``(N,)`` over utterances, shape ``(G + 1,)``; missing values (NaN) do not count."""
        known = ~np.isnan(values)
        return ratio(self.sums(np.where(known, values, 0.0)), self.sums(known.astype(float)))


def with_and_without(of_each: np.ndarray) -> np.ndarray:
    """Total over clusters and totals without each, from ``(G, ...)`` to ``(G + 1, ...)``."""
    total = of_each.sum(axis=0)
    return np.concatenate([total[None], total - of_each])


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotient, NaN where the divisor is 0."""
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)


@dataclass(frozen=True)
class Quantity:
    """A quantity with its jackknife.

    Attributes:
        value: from all clusters; of a share without bias, so that it may lie a little outside of [0, 1].
        left_out: without each, shape ``(G,)``.
        sizes: utterances of each cluster, shape ``(G,)``.
        scale: of the interval. ``share`` is the logit where the value lies between .003 and .97, else plain; ``odds`` is the logit
            anywhere inside (0, 1), for shares that are small and skewed; both have bounds in [0, 1]. ``log`` is for positive values,
            and ``correlation`` (Fisher 1921) for values inside (-1, 1).
    """

    value: float
    left_out: np.ndarray
    sizes: np.ndarray
    scale: Scale = "plain"

    @property
    def shown(self) -> float:
        """The value as it is reported: that of a share in [0, 1], as its interval is."""
        return self._possible(self.value)

    def _possible(self, value: float) -> float:
        return float(np.clip(value, 0.0, 1.0)) if self.scale in ("share", "odds") else value

    def interval(self, confidence: float) -> tuple[float, float]:
        """Jackknife-t interval; NaN where the quantity is missing in a jackknife sample."""
        values = np.append(self.left_out, self.value)
        if not np.isfinite(values).all():
            return float("nan"), float("nan")
        forward, back = self._transform(values)
        jackknife = Jackknife(float(forward(self.value)), forward(self.left_out), self.sizes)
        low, high = (self._possible(float(back(bound))) for bound in jackknife.interval(confidence))
        return low, high

    def _transform(self, values: np.ndarray) -> tuple[Callable, Callable]:
        inside = bool(((values > 0) & (values < 1)).all())
        if inside and (self.scale == "odds" or (self.scale == "share" and _INSIDE[0] < self.value < _INSIDE[1])):
            return logit, expit
        if self.scale == "log" and (values > 0).all():
            return np.log, np.exp
        if self.scale == "correlation" and (np.abs(values) < 1).all():
            return np.arctanh, np.tanh
        return np.asarray, float


def quantity(values: np.ndarray, clusters: Clusters, scale: Scale = "plain") -> Quantity:
    """A quantity from its values with all clusters and without each, shape ``(G + 1,)``."""
    return Quantity(float(values[0]), values[1:], clusters.sizes, scale)


def corrected(values: np.ndarray) -> np.ndarray:
    """Take the jackknife's estimate of bias off the first of values ``(G + 1, ...)``: G θ - (G - 1) mean θ₋g."""
    count = len(values) - 1
    return np.concatenate([count * values[:1] - (count - 1) * values[1:].mean(axis=0, keepdims=True), values[1:]])
