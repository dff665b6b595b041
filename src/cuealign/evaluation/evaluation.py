"""Predictions of one model on one split under all conditions, and the statistics that the analyses share."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cuealign.config.entries.statistics import Statistics
from cuealign.core.errors import InputError
from cuealign.core.text import some
from cuealign.evaluation.jackknife import Jackknife, left_out_uar
from cuealign.evaluation.recall import confusion_counts, unweighted_average_recall
from cuealign.evaluation.resampling import percentile_interval, resampled_uar, speaker_weights
from cuealign.evaluation.swaps import uar_terms

logger = logging.getLogger(__name__)

Condition = tuple[str, str, str]
"""(intervention, p, seed)"""

Group = tuple[str, str]
"""(intervention, p): conditions that differ only in their seed."""

FEWEST_SPEAKERS = 6
"""With fewer speakers, there are no intervals and no tests by speaker."""

FEWEST_SESSIONS = 5
"""With fewer sessions, there are no intervals by session."""

INTERVALS = ("ci_low", "ci_high", "t_low", "t_high", "session_low", "session_high")
"""Columns of intervals: percentiles of the bootstrap over speakers (the paper's), jackknife-t over speakers, and over sessions."""

MEAN = "mean"
"""Stands in the seed column of rows that average over seeds."""


@dataclass(frozen=True)
class Evaluation:
    """Predictions of one model on one split. Statistics are computed on first use and cached.

    Attributes:
        predictions: table of kind :data:`cuealign.core.schema.PREDICTIONS` for each condition, with the same utterances in the
            same order.
        labels: of the dataset.
        statistics: settings of the bootstrap.

    Raises:
        InputError: if the conditions differ in their utterances, speakers or gold labels.
    """

    predictions: Mapping[Condition, pd.DataFrame]
    labels: Sequence[str]
    statistics: Statistics

    def __post_init__(self) -> None:
        first = next(iter(self.predictions.values()))
        for condition, table in self.predictions.items():
            for column in ("utterance", "speaker", "session", "label"):
                if list(table[column]) != list(first[column]):
                    raise InputError(
                        f"condition {condition}: column {column!r} differs from that of the other conditions; make the predictions again"
                    )

    def warn(self) -> None:
        """Say in the log what keeps intervals from being whole."""
        if len(self.speakers) < FEWEST_SPEAKERS:
            logger.warning("only %d speakers: no intervals and no tests by speaker (at least %d)", len(self.speakers), FEWEST_SPEAKERS)
        elif rare := self._rarest():
            logger.warning("class %r is spoken by %s only: %.0f %% of the resamples lack it and are left out", *rare)

    def _rarest(self) -> tuple[str, str, float] | None:
        """The class that most resamples lack, its speakers, and the percentage of these resamples."""
        spoken = next(iter(self.counts.values())).sum(axis=-1) > 0
        lost = np.isnan(next(iter(self.replicates.values()))).mean()
        if lost == 0:
            return None
        rarest = min(np.flatnonzero(spoken.any(axis=0)), key=lambda label: spoken[:, label].sum())
        names = some(name for name, speaks in zip(self.speakers, spoken[:, rarest], strict=True) if speaks)
        return self.labels[rarest], names, 100 * lost

    @cached_property
    def speakers(self) -> list[str]:
        """Speakers of the split, sorted."""
        return sorted(set(next(iter(self.predictions.values()))["speaker"]))

    @cached_property
    def groups(self) -> dict[Group, list[Condition]]:
        """Conditions of the same intervention and strength, in the order of the grid."""
        groups: dict[Group, list[Condition]] = {}
        for condition in self.predictions:
            groups.setdefault(condition[:2], []).append(condition)
        return groups

    @cached_property
    def counts(self) -> dict[Condition, np.ndarray]:
        """Confusion counts of each condition, shape ``(speakers, labels, labels + 1)``."""
        return {condition: confusion_counts(table, self.labels, self.speakers) for condition, table in self.predictions.items()}

    @cached_property
    def session_counts(self) -> dict[Condition, np.ndarray] | None:
        """Confusion counts by session, shape ``(sessions, labels, labels + 1)``; None where the corpus has none."""
        first = next(iter(self.predictions.values()))
        if (first["session"] == "").any():
            return None
        sessions = sorted(set(first["session"]))
        return {
            condition: confusion_counts(table.assign(speaker=table["session"]), self.labels, sessions)
            for condition, table in self.predictions.items()
        }

    @cached_property
    def uar(self) -> dict[Condition, float]:
        """UAR of each condition."""
        return {condition: float(round_off(unweighted_average_recall(count.sum(axis=0)))) for condition, count in self.counts.items()}

    @cached_property
    def replicates(self) -> dict[Condition, np.ndarray]:
        """UAR of each condition in every bootstrap resample, shape ``(resamples,)``; all conditions share the resamples."""
        weights = speaker_weights(len(self.speakers), self.statistics.resamples, self.statistics.seed)
        return {condition: resampled_uar(count, weights) for condition, count in self.counts.items()}

    def mean_uar(self, group: Group) -> float:
        """UAR of a group, averaged over its seeds."""
        return float(np.mean([self.uar[condition] for condition in self.groups[group]]))

    def mean_terms(self, group: Group) -> np.ndarray:
        """Terms of each speaker in the UAR of a group, averaged over its seeds, shape ``(speakers,)``."""
        return np.mean([uar_terms(self.counts[condition]) for condition in self.groups[group]], axis=0)

    def jackknife(self, weights: Mapping[Condition, float], counts: Mapping[Condition, np.ndarray] | None = None) -> Jackknife:
        """Jackknife of a weighted sum of UARs.

        Args:
            weights: of conditions.
            counts: by cluster; None for speakers.
        """
        counts = self.counts if counts is None else counts
        estimate = sum(weight * self.uar[condition] for condition, weight in weights.items())
        left_out = sum(weight * left_out_uar(counts[condition]) for condition, weight in weights.items())
        sizes = next(iter(counts.values())).sum(axis=(1, 2))
        return Jackknife(float(round_off(estimate)), round_off(np.asarray(left_out, dtype=float)), sizes)

    def intervals(self, weights: Mapping[Condition, float]) -> dict[str, float]:
        """Intervals of a weighted sum of UARs, under the names of :data:`INTERVALS`; NaN where there are too few clusters."""
        found = dict.fromkeys(INTERVALS, float("nan"))
        if len(self.speakers) < FEWEST_SPEAKERS:
            return found
        confidence = self.statistics.confidence
        replicates = sum(weight * self.replicates[condition] for condition, weight in weights.items())
        found["ci_low"], found["ci_high"] = percentile_interval(round_off(replicates), confidence)
        found["t_low"], found["t_high"] = self.jackknife(weights).interval(confidence)
        sessions = self.session_counts
        if sessions is not None and len(next(iter(sessions.values()))) >= FEWEST_SESSIONS:
            found["session_low"], found["session_high"] = self.jackknife(weights, sessions).interval(confidence)
        return found

    def mean_of(self, group: Group, weight: float = 1.0) -> dict[Condition, float]:
        """Weights of the conditions of a group in its mean over seeds, times ``weight``."""
        members = self.groups[group]
        return {condition: weight / len(members) for condition in members}

    def correct(self, group: Group) -> Iterator[np.ndarray]:
        """For each condition of a group, whether each prediction is right; shape ``(utterances,)``."""
        for condition in self.groups[group]:
            table = self.predictions[condition]
            yield (table["label"] == table["prediction"]).to_numpy()


def round_off(values: np.ndarray | float) -> np.ndarray:
    """Round to 12 digits, so that equal UARs stay equal if their sums were computed in another order."""
    return np.round(values, 12) + 0.0  # turns -0 into 0
