"""Metrics of a model on a split: every condition, every comparison, the trend, and the confusions behind them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cuealign import conditions, interventions
from cuealign.errors import InputError
from cuealign.statistics.recall import confusion_counts, unweighted_average_recall
from cuealign.statistics.resampling import percentile_interval, resampled_uar, speaker_weights
from cuealign.statistics.significance import exact_mcnemar, holm, spearman
from cuealign.vocabulary import INVALID

logger = logging.getLogger(__name__)

Condition = tuple[str, str, str]
"""(intervention, p, seed)"""

FEW_SPEAKERS = 8

MEAN = "mean"
"""Seed of the rows that average over seeds."""

CONDITION_COLUMNS = ("intervention", "p", "seed", "n", "uar", "ci_low", "ci_high", "invalid_rate")
COMPARISON_COLUMNS = ("a", "b", "delta", "ci_low", "ci_high", "mcnemar_p", "holm_p")
TREND_COLUMNS = ("spearman_rho", "spearman_p", "n")
CONFUSION_COLUMNS = ("intervention", "p", "label", "prediction", "count")


@dataclass(frozen=True)
class Metrics:
    """Four tables, written as CSV.

    Attributes:
        conditions: UAR with its speaker-clustered interval for every condition; where there are several seeds, a
            row with seed ``mean``: mean UAR over seeds, its interval from resampling speakers for all seeds alike.
        comparisons: UAR(a) - UAR(b), both averaged over their seeds, on the same resamples; exact McNemar per seed
            with the largest p kept; Holm over all rows.
        trend: Spearman correlation of UAR with p over all runs of ``corrupt``.
        confusion: counts with seeds pooled.
    """

    conditions: pd.DataFrame
    comparisons: pd.DataFrame
    trend: pd.DataFrame
    confusion: pd.DataFrame


def evaluate(
    predictions: Mapping[Condition, pd.DataFrame], labels: Sequence[str], *, resamples: int, confidence: float, seed: int
) -> Metrics:
    """Compute all metrics of one model on one split.

    Args:
        predictions: table of each condition, all over the same utterances in the same order.
        labels: of the dataset.
        resamples, confidence, seed: of the bootstrap.

    Raises:
        InputError: if the conditions do not cover the same utterances, with the same speakers and labels.
    """
    first = next(iter(predictions.values()))
    for condition, table in predictions.items():
        for column in ("utterance", "speaker", "label"):
            if list(table[column]) != list(first[column]):
                raise InputError(f"condition {condition} has another {column} column than the rest; remake the predictions")
    speakers = sorted(set(first["speaker"]))
    if len(speakers) < FEW_SPEAKERS:
        logger.warning("only %d speakers: an interval that resamples speakers means little", len(speakers))
    weights = speaker_weights(len(speakers), resamples, seed)
    counts = {condition: confusion_counts(table, labels, speakers) for condition, table in predictions.items()}
    uar = {condition: float(_settle(unweighted_average_recall(count.sum(axis=0)))) for condition, count in counts.items()}
    replicates = {condition: resampled_uar(count, weights) for condition, count in counts.items()}
    groups = _groups(predictions)
    return Metrics(
        conditions=_conditions(groups, counts, uar, replicates, confidence),
        comparisons=_comparisons(predictions, groups, uar, replicates, confidence),
        trend=_trend(uar),
        confusion=_confusion(groups, counts, labels),
    )


def _settle(values: np.ndarray | float) -> np.ndarray:
    """Round off what sums in another order differ by: equal UARs must tie in ranks, and their difference be 0."""
    return np.round(values, 12) + 0.0  # and no negative zero


def _groups(predictions: Mapping[Condition, pd.DataFrame]) -> dict[tuple[str, str], list[Condition]]:
    """Conditions of the same intervention and strength: those that differ in their seed."""
    groups: dict[tuple[str, str], list[Condition]] = {}
    for condition in predictions:
        groups.setdefault(condition[:2], []).append(condition)
    return groups


def _conditions(groups, counts, uar, replicates, confidence) -> pd.DataFrame:
    rows = []
    for (intervention, p), members in groups.items():
        for member in members:
            total = counts[member].sum()
            rows.append(
                (
                    *(intervention, p, member[2], total, uar[member]),
                    *percentile_interval(replicates[member], confidence),
                    counts[member][..., -1].sum() / total,
                )
            )
        if interventions.get(intervention).uses_seed:
            average = np.mean([replicates[member] for member in members], axis=0)
            invalid = np.mean([counts[member][..., -1].sum() / counts[member].sum() for member in members])
            rows.append(
                (
                    *(intervention, p, MEAN, counts[members[0]].sum(), np.mean([uar[member] for member in members])),
                    *percentile_interval(average, confidence),
                    invalid,
                )
            )
    return pd.DataFrame(rows, columns=list(CONDITION_COLUMNS))


def compared(groups: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """The family of comparisons: correct against audio-only and every perturbation, each perturbation against audio-only."""
    none, correct = ("none", "0"), ("correct", "0")
    perturbed = [group for group in groups if group not in (none, correct)]
    pairs = [(correct, none)] + [(correct, group) for group in perturbed] + [(group, none) for group in perturbed]
    return [pair for pair in pairs if pair[0] in groups and pair[1] in groups]


def _comparisons(predictions, groups, uar, replicates, confidence) -> pd.DataFrame:
    hits = {condition: (table["label"] == table["prediction"]).to_numpy() for condition, table in predictions.items()}
    rows = []
    for a, b in compared(list(groups)):
        delta = _settle(np.mean([uar[member] for member in groups[a]]) - np.mean([uar[member] for member in groups[b]]))
        difference = np.mean([replicates[m] for m in groups[a]], axis=0) - np.mean([replicates[m] for m in groups[b]], axis=0)
        difference = _settle(difference)
        p_value = max(exact_mcnemar(hits[x], hits[y]) for x in groups[a] for y in groups[b])
        rows.append((conditions.title(*a), conditions.title(*b), delta, *percentile_interval(difference, confidence), p_value))
    table = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS[:-1]))
    return table.assign(holm_p=holm(table["mcnemar_p"].tolist()))


def _trend(uar: Mapping[Condition, float]) -> pd.DataFrame:
    runs = [(float(p), value) for (intervention, p, _), value in uar.items() if intervention == "corrupt"]
    rho, p_value = spearman([p for p, _ in runs], [value for _, value in runs])
    return pd.DataFrame([(rho, p_value, len(runs))], columns=list(TREND_COLUMNS))


def _confusion(groups, counts, labels) -> pd.DataFrame:
    rows = []
    for (intervention, p), members in groups.items():
        pooled = sum(counts[member].sum(axis=0) for member in members)
        rows += [
            (intervention, p, label, prediction, int(pooled[i, j]))
            for i, label in enumerate(labels)
            for j, prediction in enumerate([*labels, INVALID])
        ]
    return pd.DataFrame(rows, columns=list(CONFUSION_COLUMNS))
