"""The paper's values, from ``resources/published.csv``."""

import pandas as pd

from cuealign.config.entries.grid import Experiment


def find_published(published: pd.DataFrame, experiment: Experiment, measure: str, **where: str) -> float:
    """The paper's value of a measure in an experiment, NaN where it reports none.

    Args:
        published: ``resources/published.csv``.
        experiment: dataset, split and model.
        measure: such as ``uar`` or ``delta``.
        where: further columns with their values, such as the intervention.
    """
    wanted = {"dataset": experiment.dataset, "split": experiment.split, "model": experiment.model, "measure": measure, **where}
    match = published
    for column, value in wanted.items():
        match = match[match[column] == value]
    return float(match["value"].iloc[0]) if len(match) else float("nan")
