"""UAR of every condition, with an interval from a bootstrap over speakers."""

import numpy as np
import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import MEAN, Evaluation
from cuealign.evaluation.resampling import percentile_interval
from cuealign.interventions import INTERVENTIONS

COLUMNS = ("intervention", "p", "seed", "n", "uar", "ci_low", "ci_high", "invalid_rate", "cut")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per condition, and one with seed ``mean`` per random intervention and strength.

    Returns:
        Columns :data:`COLUMNS`; ``cut`` is the number of answers that the limit of tokens cut. A row with seed ``mean`` has the
        UAR, the invalid rate and ``cut`` averaged over seeds, and its interval from the same resamples of speakers for all seeds.
    """
    rows, confidence = [], evaluation.statistics.confidence
    for group, members in evaluation.groups.items():
        counts = {member: evaluation.counts[member] for member in members}
        invalid = {member: count[..., -1].sum() / count.sum() for member, count in counts.items()}
        cut = {member: int(evaluation.predictions[member]["cut"].sum()) for member in members}
        for member in members:
            interval = percentile_interval(evaluation.replicates[member], confidence)
            rows.append((*group, member[2], counts[member].sum(), evaluation.uar[member], *interval, invalid[member], cut[member]))
        if INTERVENTIONS.get(group[0]).is_random:
            interval = percentile_interval(evaluation.mean_replicates(group), confidence)
            n, share = counts[members[0]].sum(), np.mean(list(invalid.values()))
            rows.append((*group, MEAN, n, evaluation.mean_uar(group), *interval, share, np.mean(list(cut.values()))))
    return pd.DataFrame(rows, columns=list(COLUMNS))
