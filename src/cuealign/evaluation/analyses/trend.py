"""How UAR changes with the strength of an intervention, over all its strengths and seeds: rank correlation and slope."""

import numpy as np
import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS, Condition, Evaluation
from cuealign.evaluation.significance import spearman
from cuealign.evaluation.swaps import swap_test, uar_terms
from cuealign.interventions import INTERVENTIONS

COLUMNS = ("intervention", "spearman_rho", "spearman_p", "n", "slope", "slope_low", "slope_high", "slope_swap_p")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per intervention with a strength.

    Returns:
        Columns :data:`COLUMNS`. The correlation is NaN with fewer than three runs, a single strength, or equal UARs. The slope
        is that of the least-squares line of UAR over strength, with its jackknife-t interval over speakers and the p-value of
        turning the order of the strengths around within speakers. Unlike the correlation over runs, both count every speaker once.
    """
    rows = []
    for name in dict.fromkeys(intervention for intervention, _ in evaluation.groups):
        if INTERVENTIONS.get(name).has_strength:
            runs = [condition for condition in evaluation.uar if condition[0] == name]
            strengths, uars = [float(p) for _, p, _ in runs], [evaluation.uar[run] for run in runs]
            rows.append((name, *spearman(strengths, uars), len(runs), *_slope(evaluation, runs, np.array(strengths))))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _slope(evaluation: Evaluation, runs: list[Condition], strengths: np.ndarray) -> tuple[float, float, float, float]:
    """Slope, its interval and p-value; it is a weighted sum of UARs."""
    centred = strengths - strengths.mean()
    if not centred.any():
        return (float("nan"),) * 4
    weights = dict(zip(runs, (centred / np.square(centred).sum()).tolist(), strict=True))
    jackknife = evaluation.jackknife(weights)
    if len(evaluation.speakers) < FEWEST_SPEAKERS:
        return (jackknife.estimate, *(float("nan"),) * 3)
    terms = np.sum([weight * uar_terms(evaluation.counts[run]) for run, weight in weights.items()], axis=0)
    return (jackknife.estimate, *jackknife.interval(evaluation.statistics.confidence), swap_test(terms, evaluation.statistics.seed))
