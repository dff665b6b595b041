"""Differences in UAR of all conditions from correct tokens and from the audio-only prompt."""

from collections.abc import Sequence

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import Evaluation, Group, round_off
from cuealign.evaluation.resampling import percentile_interval
from cuealign.evaluation.significance import exact_mcnemar, holm
from cuealign.interventions.conditions import condition_id

COLUMNS = ("a", "b", "delta", "ci_low", "ci_high", "mcnemar_p", "holm_p")

_NONE, _CORRECT = ("none", "0"), ("correct", "0")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per comparison.

    Returns:
        Columns :data:`COLUMNS`: ids of the conditions a and b; UAR(a) - UAR(b), both averaged over seeds, and its interval, both
        on the same resamples; the largest p-value of exact McNemar tests of all pairs of seeds; that p-value with Holm's
        correction over all rows.
    """
    rows = []
    for a, b in compared(list(evaluation.groups)):
        delta = round_off(evaluation.mean_uar(a) - evaluation.mean_uar(b))
        difference = round_off(evaluation.mean_replicates(a) - evaluation.mean_replicates(b))
        p_value = max(exact_mcnemar(x, y) for x in evaluation.correct(a) for y in evaluation.correct(b))
        interval = percentile_interval(difference, evaluation.statistics.confidence)
        rows.append((condition_id(*a), condition_id(*b), delta, *interval, p_value))
    table = pd.DataFrame(rows, columns=list(COLUMNS[:-1]))
    return table.assign(holm_p=holm(table["mcnemar_p"].tolist()))


def compared(groups: Sequence[Group]) -> list[tuple[Group, Group]]:
    """Pairs to compare: correct with audio-only, correct with each perturbation, and each perturbation with audio-only."""
    perturbed = [group for group in groups if group not in (_NONE, _CORRECT)]
    pairs = [(_CORRECT, _NONE)] + [(_CORRECT, group) for group in perturbed] + [(group, _NONE) for group in perturbed]
    return [pair for pair in pairs if pair[0] in groups and pair[1] in groups]
