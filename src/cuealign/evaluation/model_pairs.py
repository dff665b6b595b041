"""Two models side by side: paired differences between all models on a split."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from cuealign.evaluation.columns import MODEL_PAIRS
from cuealign.evaluation.compared import BETWEEN_MODELS
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS, Condition, Evaluation, round_off
from cuealign.evaluation.grounding.clusters import Quantity
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.trials import trials
from cuealign.evaluation.jackknife import Jackknife
from cuealign.evaluation.significance import holm
from cuealign.evaluation.swaps import swap_test

RELIANCE = ("share_answers", "follow_index")
"""Quantities of :class:`~cuealign.evaluation.grounding.quantities.Grounding` that models are compared in."""


def compare(evaluations: Mapping[str, Evaluation], tokens: Mapping[Condition, pd.DataFrame]) -> pd.DataFrame:
    """Compare every pair of models that answered the same utterances.

    Args:
        evaluations: by model, with the audio-only and the correct condition and the draws of shuffle where they were run.
        tokens: under each condition that has a cue block.

    Returns:
        Columns :data:`MODEL_PAIRS`: models a and b, the quantity, utterances, the quantity of a minus that of b, its jackknife-t
        interval over speakers, the p-value, and that corrected by Holm over all rows. p is that of swapping both models within
        speakers for differences of UAR, which are sums over speakers, and of the jackknife's t for the others. Interval and p are
        NaN with too few speakers.
    """
    rows = []
    moved = {model: _reliance(evaluation, tokens) for model, evaluation in evaluations.items()}
    for (a, one), (b, two) in combinations(evaluations.items(), 2):
        first, second = (next(iter(each.predictions.values())) for each in (one, two))
        if list(first["utterance"]) != list(second["utterance"]):
            continue  # a model that was tried on a part of the split cannot be paired
        for quantity, weights in BETWEEN_MODELS.items():
            if all(condition in each.predictions for condition in weights for each in (one, two)):
                rows.append((a, b, quantity, len(first), *_difference(one, two, weights)))
        for quantity in RELIANCE:
            if quantity in moved[a] and quantity in moved[b]:
                rows.append((a, b, quantity, len(first), *_difference_of_reliance(one, moved[a][quantity], moved[b][quantity])))
    table = pd.DataFrame(rows, columns=list(MODEL_PAIRS[:-1]))
    return table.assign(holm_p=holm(table["p"].tolist()))


def _difference(one: Evaluation, two: Evaluation, weights: Mapping[Condition, float]) -> tuple[float, float, float, float]:
    """Difference, interval and p-value."""
    first, second = one.jackknife(weights), two.jackknife(weights)
    difference = Jackknife(float(round_off(first.estimate - second.estimate)), round_off(first.left_out - second.left_out), first.sizes)
    if len(one.speakers) < FEWEST_SPEAKERS:
        return (difference.estimate, *(float("nan"),) * 3)
    terms = np.sum([weight * (one.mean_terms(c[:2]) - two.mean_terms(c[:2])) for c, weight in weights.items()], axis=0)
    return (difference.estimate, *difference.interval(one.statistics.confidence), swap_test(terms, one.statistics.seed))


def _reliance(evaluation: Evaluation, tokens: Mapping[Condition, pd.DataFrame]) -> dict[str, Quantity]:
    """Those of the quantities :data:`RELIANCE` that the model's conditions give."""
    grounding = Grounding(trials(evaluation, tokens), {})
    found = grounding.quantities(grounding.speakers)
    return {name: found[name] for name in RELIANCE if name in found and np.isfinite(found[name].value)}


def _difference_of_reliance(one: Evaluation, first: Quantity, second: Quantity) -> tuple[float, float, float, float]:
    """Difference of the values as they are reported, interval and p-value of two quantities over the same speakers."""
    difference = Jackknife(float(round_off(first.value - second.value)), round_off(first.left_out - second.left_out), first.sizes)
    shown = float(round_off(first.shown - second.shown))
    if len(one.speakers) < FEWEST_SPEAKERS:
        return (shown, *(float("nan"),) * 3)
    low, high = difference.interval(one.statistics.confidence)
    if first.scale == "share":  # each of both may lie a little outside of [0, 1] before it is reported
        low, high = max(-1.0, min(low, shown)), min(1.0, max(high, shown))
    return shown, low, high, difference.p_value
