"""How UAR changes with the strength of an intervention: Spearman's rank correlation over all of its runs."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import Evaluation
from cuealign.evaluation.significance import spearman
from cuealign.interventions import INTERVENTIONS

COLUMNS = ("intervention", "spearman_rho", "spearman_p", "n")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per intervention that has a strength, whichever of them were run.

    Returns:
        Columns :data:`COLUMNS`; the correlation is missing where fewer than three runs, or equal ones, allow none.
    """
    rows = []
    for name in dict.fromkeys(intervention for intervention, _ in evaluation.groups):
        if INTERVENTIONS.get(name).has_strength:
            runs = [(float(p), uar) for (intervention, p, _), uar in evaluation.uar.items() if intervention == name]
            rows.append((name, *spearman([p for p, _ in runs], [uar for _, uar in runs]), len(runs)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
