"""UAR of every condition, with intervals."""

import numpy as np
import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import INTERVALS, MEAN, Evaluation
from cuealign.interventions import INTERVENTIONS

COLUMNS = ("intervention", "p", "seed", "n", "uar", *INTERVALS, "invalid_rate", "cut")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per condition, and one with seed ``mean`` per random intervention and strength.

    Returns:
        Columns :data:`COLUMNS`; ``cut`` is the number of answers that the limit of tokens cut. A row with seed ``mean`` has the
        UAR, the invalid rate and ``cut`` averaged over seeds, and its intervals from the same clusters for all seeds.
    """
    rows = []
    for group, members in evaluation.groups.items():
        counts = {member: evaluation.counts[member] for member in members}
        invalid = {member: count[..., -1].sum() / count.sum() for member, count in counts.items()}
        cut = {member: int(evaluation.predictions[member]["cut"].sum()) for member in members}
        for member in members:
            found = {"seed": member[2], "uar": evaluation.uar[member], "invalid_rate": invalid[member], "cut": cut[member]}
            rows.append(found | evaluation.intervals({member: 1.0}) | _of(group, counts[member]))
        if INTERVENTIONS.get(group[0]).is_random:
            means = {name: float(np.mean(list(values.values()))) for name, values in (("invalid_rate", invalid), ("cut", cut))}
            found = {"seed": MEAN, "uar": evaluation.mean_uar(group)} | means
            rows.append(found | evaluation.intervals(evaluation.mean_of(group)) | _of(group, counts[members[0]]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of(group: tuple[str, str], counts: np.ndarray) -> dict[str, object]:
    return {"intervention": group[0], "p": group[1], "n": counts.sum()}
