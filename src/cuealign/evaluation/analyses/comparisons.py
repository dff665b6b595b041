"""Differences in UAR of all conditions from correct tokens and from the audio-only prompt."""

from collections.abc import Sequence

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.compared import compared
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS, INTERVALS, Evaluation, Group, round_off
from cuealign.evaluation.significance import exact_mcnemar, holm
from cuealign.evaluation.swaps import swap_test
from cuealign.interventions.conditions import condition_id

COLUMNS = ("a", "b", "delta", *INTERVALS, "mcnemar_p", "holm_paper_p", "holm_p", "swap_p", "swap_holm_p", "detectable")

_PAPERS = ("shuffle", "conflict", "corrupt")


def compute(evaluation: Evaluation, _options: PluginOptions) -> pd.DataFrame:
    """One row per comparison.

    Returns:
        Columns :data:`COLUMNS`:

        * ids of the conditions a and b; UAR(a) - UAR(b), both averaged over seeds, and its intervals;
        * the largest p-value of exact McNemar tests of all pairs of seeds, corrected by Holm over the paper's family
          (its perturbations at full strength against audio-only, and correct tokens against each of them; other rows have none) and
          over all rows;
        * the p-value of the permutation test of the UAR itself on the means over seeds, and corrected by Holm over all rows;
        * the smallest difference that the study finds with 80 % power.
    """
    rows = []
    for a, b in compared(list(evaluation.groups)):
        weights = evaluation.mean_of(a) | evaluation.mean_of(b, -1.0)
        enough = len(evaluation.speakers) >= FEWEST_SPEAKERS
        rows.append(
            {
                "a": condition_id(*a),
                "b": condition_id(*b),
                "delta": round_off(evaluation.mean_uar(a) - evaluation.mean_uar(b)),
                **evaluation.intervals(weights),
                "mcnemar_p": max(exact_mcnemar(x, y) for x in evaluation.correct(a) for y in evaluation.correct(b)),
                "swap_p": swap_test(evaluation.mean_terms(a) - evaluation.mean_terms(b), evaluation.statistics.seed)
                if enough
                else float("nan"),
                "detectable": evaluation.jackknife(weights).detectable(evaluation.statistics.confidence) if enough else float("nan"),
                "paper": paper_family(a, b, list(evaluation.groups)),
            }
        )
    table = pd.DataFrame(rows, columns=[*COLUMNS, "paper"])
    table["holm_p"] = holm(table["mcnemar_p"].tolist())
    table["swap_holm_p"] = holm(table["swap_p"].tolist())
    table["holm_paper_p"] = holm(table["mcnemar_p"].where(table["paper"].astype(bool)).tolist())
    return table[list(COLUMNS)]


def paper_family(a: Group, b: Group, groups: Sequence[Group]) -> bool:
    """Whether the paper tests this pair in one family: one of its perturbations at full strength against audio-only or correct tokens.

    Perturbations that the paper does not have, such as ``blank``, must not make its family larger.
    """
    perturbed = next((group for group in (a, b) if group[0] in _PAPERS), None)
    if perturbed is None:
        return False
    full = max(float(p) for intervention, p in groups if intervention == perturbed[0])
    return float(perturbed[1]) == full
