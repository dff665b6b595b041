"""One model on one split: its predictions under every condition, and what all analyses make of them together."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cuealign.config.entries.statistics import Statistics
from cuealign.core.errors import InputError
from cuealign.evaluation.recall import confusion_counts, unweighted_average_recall
from cuealign.evaluation.resampling import resampled_uar, speaker_weights

logger = logging.getLogger(__name__)

Condition = tuple[str, str, str]
"""(intervention, p, seed)"""

Group = tuple[str, str]
"""(intervention, p): conditions that differ in their seed."""

FEW_SPEAKERS = 8

MEAN = "mean"
"""Seed of the rows that average over seeds."""


@dataclass(frozen=True)
class Evaluation:
    """Predictions of one model on one split, and what follows from them; computed when first asked for, and once.

    Attributes:
        predictions: table of each condition (kind :data:`cuealign.core.schema.PREDICTIONS`), all over the same utterances in the same
            order.
        labels: of the dataset.
        statistics: of the bootstrap.

    Raises:
        InputError: if the conditions do not cover the same utterances, with the same speakers and labels.
    """

    predictions: Mapping[Condition, pd.DataFrame]
    labels: Sequence[str]
    statistics: Statistics

    def __post_init__(self) -> None:
        first = next(iter(self.predictions.values()))
        for condition, table in self.predictions.items():
            for column in ("utterance", "speaker", "label"):
                if list(table[column]) != list(first[column]):
                    raise InputError(f"condition {condition} has another {column} column than the rest; remake the predictions")
        if len(self.speakers) < FEW_SPEAKERS:
            logger.warning("only %d speakers: an interval that resamples speakers means little", len(self.speakers))

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
    def uar(self) -> dict[Condition, float]:
        """UAR of each condition."""
        return {condition: float(settle(unweighted_average_recall(count.sum(axis=0)))) for condition, count in self.counts.items()}

    @cached_property
    def replicates(self) -> dict[Condition, np.ndarray]:
        """UAR of each condition in every bootstrap resample of the speakers, the same resamples for all; shape ``(resamples,)``."""
        weights = speaker_weights(len(self.speakers), self.statistics.resamples, self.statistics.seed)
        return {condition: resampled_uar(count, weights) for condition, count in self.counts.items()}

    def mean_uar(self, group: Group) -> float:
        """UAR averaged over the seeds of a group."""
        return float(np.mean([self.uar[condition] for condition in self.groups[group]]))

    def mean_replicates(self, group: Group) -> np.ndarray:
        """UAR in every resample, averaged over the seeds of a group; shape ``(resamples,)``."""
        return np.mean([self.replicates[condition] for condition in self.groups[group]], axis=0)

    def correct(self, group: Group) -> Iterator[np.ndarray]:
        """For each condition of a group, whether each utterance was classified correctly; shape ``(utterances,)``."""
        for condition in self.groups[group]:
            table = self.predictions[condition]
            yield (table["label"] == table["prediction"]).to_numpy()


def settle(values: np.ndarray | float) -> np.ndarray:
    """Round off what sums in another order differ by: equal UARs must tie in ranks, and their difference be 0."""
    return np.round(values, 12) + 0.0  # and no negative zero
