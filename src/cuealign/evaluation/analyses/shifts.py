"""Where answers go under each condition: towards neutral, away from those to correct tokens, and from those to the audio alone."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from pydantic import Field

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS, Condition, Evaluation, Group, round_off
from cuealign.evaluation.jackknife import Jackknife
from cuealign.evaluation.recall import unweighted_average_recall

COLUMNS = ("intervention", "p", "quantity", "value", "delta", "low", "high")

_NONE, _CORRECT = ("none", "0"), ("correct", "0")


class Options(PluginOptions):
    """Options of this analysis."""

    towards: str = Field(default="neutral", description="Label towards which answers may shift; left out where a corpus has no such label.")


def compute(evaluation: Evaluation, options: Options) -> pd.DataFrame:
    """One row per condition, averaged over seeds, and quantity.

    Returns:
        Columns :data:`COLUMNS`. ``share_of_predictions`` and ``share_of_errors`` are those that name the label; their difference
        from correct tokens has a jackknife-t interval over speakers. ``changed_from_correct`` and ``changed_from_none`` are shares
        of predictions that differ. ``predicted:<label>`` is the share of each prediction, ``recall:<label>`` the recall of each
        class, and ``uar:<session>`` the UAR of each session.
    """
    rows = []
    for group, members in evaluation.groups.items():
        found = {}
        if options.towards in evaluation.labels:
            label = list(evaluation.labels).index(options.towards)
            found["share_of_predictions"] = _with_difference(evaluation, group, partial(_of_predictions, label=label))
            found["share_of_errors"] = _with_difference(evaluation, group, partial(_of_errors, label=label))
        for name, reference in (("changed_from_correct", _CORRECT), ("changed_from_none", _NONE)):
            if reference in evaluation.groups:
                found[name] = (_changed(evaluation, members, evaluation.groups[reference]), *[float("nan")] * 3)
        pooled = np.mean([evaluation.counts[member].sum(axis=0) for member in members], axis=0)
        for place, label_name in enumerate(evaluation.labels):
            found[f"predicted:{label_name}"] = (float(pooled[:, place].sum() / pooled.sum()), *[float("nan")] * 3)
            if pooled[place].sum():
                found[f"recall:{label_name}"] = (float(pooled[place, place] / pooled[place].sum()), *[float("nan")] * 3)
        found |= {f"uar:{name}": (value, *[float("nan")] * 3) for name, value in _by_session(evaluation, members).items()}
        rows += [(*group, quantity, *values) for quantity, values in found.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_predictions(counts: np.ndarray, label: int) -> float:
    """Share of predictions that name the label, NaN without a prediction; ``counts`` of shape ``(C, C + 1)``."""
    return float(counts[:, label].sum() / counts.sum()) if counts.any() else float("nan")


def _of_errors(counts: np.ndarray, label: int) -> float:
    """Share of wrong predictions that name the label, NaN without an error."""
    errors = counts.sum() - np.trace(counts)
    return float((counts[:, label].sum() - counts[label, label]) / errors) if errors else float("nan")


def _with_difference(evaluation: Evaluation, group: Group, share: Callable[[np.ndarray], float]) -> tuple[float, float, float, float]:
    """A share, its difference from correct tokens, and the interval of that."""
    value = _mean(evaluation, evaluation.groups[group], share)
    if _CORRECT not in evaluation.groups or group == _CORRECT:
        return value, *[float("nan")] * 3
    left_out = [
        _mean(evaluation, evaluation.groups[group], share, speaker) - _mean(evaluation, evaluation.groups[_CORRECT], share, speaker)
        for speaker in range(len(evaluation.speakers))
    ]
    delta = float(round_off(value - _mean(evaluation, evaluation.groups[_CORRECT], share)))
    if len(evaluation.speakers) < FEWEST_SPEAKERS:
        return value, delta, float("nan"), float("nan")
    sizes = next(iter(evaluation.counts.values())).sum(axis=(1, 2))
    return value, delta, *Jackknife(delta, round_off(np.array(left_out)), sizes).interval(evaluation.statistics.confidence)


def _mean(evaluation: Evaluation, members: Sequence[Condition], share: Callable[[np.ndarray], float], without: int | None = None) -> float:
    """Mean of a share over seeds, of all speakers or without one."""
    kept = [speaker for speaker in range(len(evaluation.speakers)) if speaker != without]
    return float(np.mean([share(evaluation.counts[member][kept].sum(axis=0)) for member in members]))


def _changed(evaluation: Evaluation, members: Sequence[Condition], references: Sequence[Condition]) -> float:
    """Share of predictions that differ, over all pairs of seeds."""
    pairs = [
        (evaluation.predictions[one]["prediction"], evaluation.predictions[two]["prediction"]) for one in members for two in references
    ]
    return float(np.mean([(one != two).mean() for one, two in pairs]))


def _by_session(evaluation: Evaluation, members: Sequence[Condition]) -> dict[str, float]:
    """UAR of each session, over the classes that it has, averaged over seeds."""
    counts = evaluation.session_counts
    if counts is None:
        return {}
    names = sorted(set(next(iter(evaluation.predictions.values()))["session"]))
    return {
        name: float(np.mean([unweighted_average_recall(counts[member][place]) for member in members])) for place, name in enumerate(names)
    }
