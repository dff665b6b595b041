"""Predictions of one model on one split under all conditions, and the statistics that the analyses share."""

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
"""(intervention, p): conditions that differ only in their seed."""

FEW_SPEAKERS = 8
"""Below this number of speakers, intervals are unreliable and a warning is logged."""

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
            for column in ("utterance", "speaker", "label"):
                if list(table[column]) != list(first[column]):
                    raise InputError(
                        f"condition {condition}: column {column!r} differs from that of the other conditions; make the predictions again"
                    )
        if len(self.speakers) < FEW_SPEAKERS:
            logger.warning("only %d speakers: intervals from resampled speakers are unreliable", len(self.speakers))

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
        return {condition: float(round_off(unweighted_average_recall(count.sum(axis=0)))) for condition, count in self.counts.items()}

    @cached_property
    def replicates(self) -> dict[Condition, np.ndarray]:
        """UAR of each condition in every bootstrap resample, shape ``(resamples,)``; all conditions share the resamples."""
        weights = speaker_weights(len(self.speakers), self.statistics.resamples, self.statistics.seed)
        return {condition: resampled_uar(count, weights) for condition, count in self.counts.items()}

    def mean_uar(self, group: Group) -> float:
        """UAR of a group, averaged over its seeds."""
        return float(np.mean([self.uar[condition] for condition in self.groups[group]]))

    def mean_replicates(self, group: Group) -> np.ndarray:
        """UAR of a group in every resample, averaged over its seeds; shape ``(resamples,)``."""
        return np.mean([self.replicates[condition] for condition in self.groups[group]], axis=0)

    def correct(self, group: Group) -> Iterator[np.ndarray]:
        """For each condition of a group, whether each prediction is right; shape ``(utterances,)``."""
        for condition in self.groups[group]:
            table = self.predictions[condition]
            yield (table["label"] == table["prediction"]).to_numpy()


def round_off(values: np.ndarray | float) -> np.ndarray:
    """Round to 12 digits, so that equal UARs stay equal if their sums were computed in another order."""
    return np.round(values, 12) + 0.0  # turns -0 into 0
