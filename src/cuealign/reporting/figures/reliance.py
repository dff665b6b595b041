"""Beyond the paper: how much the cues move every model, between the listener to audio and the listener to cues."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cuealign.config.entries.grid import Experiment
from cuealign.core.registry import PluginOptions
from cuealign.reporting.figures.style import FAINT, INK, TWO_COLUMNS, model_colours, reach
from cuealign.reporting.results import Results

SCOPES = ("split",)
NEEDS = ("conditions", "reliance", "speakers", "verdict")
CAPTION = (
    "How much the cues move every model. Left: equivalent cue weight, 0 for the listener to audio and 1 for the listener to cues; ticks: "
    "true weights of mixtures of both. Middle: what blocks of other utterances move, as shares of all variation of answers (dark) and of "
    "log-odds (light). Right: follow index, one dot per speaker. Intervals: jackknife-t over speakers. Grey: control models."
)


def draw(results: Results, _options: PluginOptions, dataset: str, split: str) -> Figure:
    """One row per model: its weight, its shares, its follow index."""
    experiments = results.select(dataset=dataset, split=split)
    figure, panels = plt.subplots(1, 3, figsize=(TWO_COLUMNS, 0.75 + 0.36 * len(experiments)), sharey=True)
    weights, shares, index = panels
    colours = model_colours(results.models, (experiment.model for experiment in experiments))
    reasons = {}
    for row, experiment in enumerate(experiments):
        found = results.reliance(experiment)
        colour = colours[experiment.model]
        _point(weights, found.loc["equivalent_cue_weight"], row, colour)
        if (true := _true_weight(results, experiment)) is not None:
            weights.plot([true, true], [row - 0.32, row + 0.32], color=INK, linewidth=0.9, zorder=4)
        for name, place, alpha in (("share_answers", -0.17, 1.0), ("share_logodds", 0.17, 0.45)):
            _bar(shares, found.loc[name], row + place, colour, alpha)
        _speakers(index, results.metrics(experiment, "speakers")["follow_index"].to_numpy(dtype=float), row, colour)
        _point(index, found.loc["follow_index"], row, colour)
        reasons[row] = results.verdict(experiment)["verdict"]
    titles = [results.models[experiment.model].title for experiment in experiments]
    weights.set_yticks(range(len(experiments)), [f"{title}\n{reasons[row]}" for row, title in enumerate(titles)], linespacing=1.1)
    weights.set_ylim(len(experiments) - 0.5, -0.5)
    for axes, label in zip(
        panels, ("equivalent cue weight (0 hears, 1 reads)", "share moved by the cues", "follow index, by speaker"), strict=True
    ):
        axes.set_xlabel(label)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    for axes in (weights, shares):
        axes.set_xlim(-0.03, 1.03)
    index.axvline(0, color=FAINT, linewidth=0.6, zorder=0)
    figure.suptitle(f"{results.datasets[dataset].title} ({split})", fontsize=7.5)
    return figure


def _true_weight(results: Results, experiment: Experiment) -> float | None:
    """Weight that a mixture of both listeners was made with; None for every other model."""
    training = results.models[experiment.model].training
    return float(training.options["weight"]) if training is not None and training.recipe == "mixture" else None


def _point(axes: Axes, bounds: pd.Series, row: int, colour: str) -> None:
    """A value with its interval, or the words "not available"."""
    if pd.isna(bounds["value"]):
        axes.annotate("not available", (0.5, row), xycoords=("axes fraction", "data"), ha="center", va="center", fontsize=6.5, color=FAINT)
        return
    axes.errorbar(bounds["value"], row, xerr=reach(bounds), color=colour, marker="o", markersize=4, elinewidth=1.0, capsize=2, zorder=5)


def _bar(axes: Axes, bounds: pd.Series, place: float, colour: str, alpha: float) -> None:
    if pd.notna(bounds["value"]):
        axes.barh(place, bounds["value"], height=0.3, color=colour, alpha=alpha, linewidth=0)
        axes.errorbar(bounds["value"], place, xerr=reach(bounds), color=INK, linestyle="none", elinewidth=0.7)


def _speakers(axes: Axes, values: np.ndarray, row: int, colour: str) -> None:
    """One dot per speaker; side by side where they would hide each other."""
    known = np.sort(values[~np.isnan(values)])
    places = row + 0.16 * (np.arange(len(known)) % 3 - 1)
    axes.scatter(known, places, s=5, color=colour, alpha=0.4, linewidth=0, zorder=3)
