"""UAR of every condition, with intervals."""

import numpy as np
import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import INTERVALS, MEAN, Condition, Evaluation
from cuealign.evaluation.recall import unweighted_average_recall
from cuealign.interventions import INTERVENTIONS

COLUMNS = ("intervention", "p", "seed", "n", "uar", *INTERVALS, "uar_mean_of_sessions", "invalid_rate", "cut")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per condition, and one with seed ``mean`` per random intervention and strength.

    Returns:
        Columns :data:`COLUMNS`; ``uar_mean_of_sessions`` is the mean of the UARs of the sessions, each by itself and over the classes
        that it has, as cross-validation over sessions reports it; missing where the split has not several sessions. ``cut`` is the
        number of answers that the limit of tokens cut. A row with seed ``mean`` has the UARs, the invalid rate and ``cut`` averaged
        over seeds, and its intervals from the same clusters for all seeds.
    """
    rows = []
    for group, members in evaluation.groups.items():
        counts = {member: evaluation.counts[member] for member in members}
        invalid = {member: count[..., -1].sum() / count.sum() for member, count in counts.items()}
        by_session = {member: _mean_of_sessions(evaluation, member) for member in members}
        cut = {member: int(evaluation.predictions[member]["cut"].sum()) for member in members}
        for member in members:
            found = {"seed": member[2], "uar": evaluation.uar[member], "invalid_rate": invalid[member], "cut": cut[member]}
            found["uar_mean_of_sessions"] = by_session[member]
            rows.append(found | evaluation.intervals({member: 1.0}) | _of(group, counts[member]))
        if INTERVENTIONS.get(group[0]).is_random:
            averaged = {"invalid_rate": invalid, "cut": cut, "uar_mean_of_sessions": by_session}
            means = {name: float(np.mean(list(values.values()))) for name, values in averaged.items()}
            found = {"seed": MEAN, "uar": evaluation.mean_uar(group)} | means
            rows.append(found | evaluation.intervals(evaluation.mean_of(group)) | _of(group, counts[members[0]]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _mean_of_sessions(evaluation: Evaluation, member: Condition) -> float:
    counts = (evaluation.session_counts or {}).get(member, ())
    return float(np.mean([unweighted_average_recall(session) for session in counts])) if len(counts) > 1 else float("nan")


def _of(group: tuple[str, str], counts: np.ndarray) -> dict[str, object]:
    return {"intervention": group[0], "p": group[1], "n": counts.sum()}
