"""Spearman's rank correlation between the strength of an intervention and UAR, over all its strengths and seeds."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import Evaluation
from cuealign.evaluation.significance import spearman
from cuealign.interventions import INTERVENTIONS

COLUMNS = ("intervention", "spearman_rho", "spearman_p", "n")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per intervention with a strength.

    Returns:
        Columns :data:`COLUMNS`. The correlation is NaN with fewer than three runs, a single strength, or equal UARs.
    """
    rows = []
    for name in dict.fromkeys(intervention for intervention, _ in evaluation.groups):
        if INTERVENTIONS.get(name).has_strength:
            runs = [(float(p), uar) for (intervention, p, _), uar in evaluation.uar.items() if intervention == name]
            rows.append((name, *spearman([p for p, _ in runs], [uar for _, uar in runs]), len(runs)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
