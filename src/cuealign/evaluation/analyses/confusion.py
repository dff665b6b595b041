"""Confusion counts of every intervention and strength, summed over seeds."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.evaluation import Evaluation

COLUMNS = ("intervention", "p", "label", "prediction", "count")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per intervention, strength, gold label and prediction, including INVALID.

    Returns:
        Columns :data:`COLUMNS`.
    """
    rows = []
    for group, members in evaluation.groups.items():
        pooled = sum(evaluation.counts[member].sum(axis=0) for member in members)
        rows += [
            (*group, label, prediction, int(pooled[i, j]))
            for i, label in enumerate(evaluation.labels)
            for j, prediction in enumerate([*evaluation.labels, INVALID])
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
