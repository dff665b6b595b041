"""Beyond the paper: how much the cues move every model, between the listener to audio and the listener to cues."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cuealign.config.entries.grid import Experiment
from cuealign.core.registry import PluginOptions
from cuealign.reporting.figures.places import Utterances, lead_from_point
from cuealign.reporting.figures.style import FAINT, INK, SMALL, Page, reach, wrapped
from cuealign.reporting.numbers import number
from cuealign.reporting.results import Results

SCOPES = ("split",)
WIDTHS = (2,)
NEEDS = ("conditions", "reliance", "speakers", "verdict")
CAPTION = (
    "How much the cues move every model. Left: equivalent cue weight, 0 for the listener to audio and 1 for the listener to cues; ticks: "
    "true weights of mixtures of both. Middle: shares of all variation that the tokens move, of answers under blocks of other utterances "
    "(dark) and of log-odds under random tokens (light). Right: follow index, one dot per speaker. Grey: control models."
)

_DESCRIBED = {
    "equivalent_cue_weight": "cue weight",
    "share_answers": "share of answers",
    "share_logodds": "share of log-odds",
    "follow_index": "follow index",
}

_DOT = 2.5
"""Points that a speaker's dot reaches to each side."""


def caption(results: Results, dataset: str, split: str) -> str:
    """What is shown, with the level of the intervals and the numbers of utterances, speakers and seeds."""
    title = f"{results.datasets[dataset].title} ({split})"
    return f"{CAPTION} Intervals: jackknife-t over speakers, {results.level}. {title}: {results.sample(dataset=dataset, split=split)}."


def describe(results: Results, _options: PluginOptions, dataset: str, split: str) -> str:
    """Weight, shares and follow index of every model."""
    said = []
    for experiment in results.select(dataset=dataset, split=split):
        found = results.reliance(experiment)["value"]
        numbers = [f"{text} {number(found[name])}" for name, text in _DESCRIBED.items() if pd.notna(found[name])]
        if numbers:
            said.append(f"{results.models[experiment.model].title} ({results.verdict(experiment)['verdict']}): {', '.join(numbers)}")
    return f"Dots and bars, one row per model. {'; '.join(said) or 'No model has numbers'}."


def draw(results: Results, page: Page, _options: PluginOptions, dataset: str, split: str) -> Figure:
    """One row per model: its weight, its shares, its follow index."""
    experiments = results.select(dataset=dataset, split=split)
    names = [
        "\n".join(
            wrapped(text, page.width * 72 * 0.22, SMALL) for text in (results.models[run.model].title, results.verdict(run)["verdict"])
        )
        for run in experiments
    ]
    lines = max(name.count("\n") + 1 for name in names)
    size = (page.width, 0.75 + max(0.36, 0.14 * lines) * len(experiments))
    figure, panels = plt.subplots(1, 3, figsize=size, sharey=True)
    weights, shares, index = panels
    for row, experiment in enumerate(experiments):
        found = results.reliance(experiment)
        colour = page.colours.get(experiment.model, INK)
        _point(weights, found.loc["equivalent_cue_weight"], row, colour)
        if (true := _true_weight(results, experiment)) is not None:
            weights.plot([true, true], [row - 0.32, row + 0.32], color=INK, linewidth=0.9, zorder=4)
        for name, place, alpha in (("share_answers", -0.17, 1.0), ("share_logodds", 0.17, 0.45)):
            _bar(shares, found.loc[name], row + place, colour, alpha)
        _speakers(index, results, experiment, row, colour)
        _point(index, found.loc["follow_index"], row, colour)
        for axes, name in ((weights, "equivalent_cue_weight"), (index, "follow_index")):
            if pd.notna(found.loc[name, "value"]):
                says = f"{results.models[experiment.model].title}: {_DESCRIBED[name]} {number(found.loc[name, 'value'])}"
                behind = Utterances.of(experiment, show="conflict")
                lead_from_point(axes, found.loc[name, "value"], row, says, behind)
    weights.set_yticks(range(len(experiments)), names, linespacing=1.1)
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
    page.title(figure, f"{results.datasets[dataset].title} ({split})")
    return figure


def _true_weight(results: Results, experiment: Experiment) -> float | None:
    """Weight that a mixture of both listeners was made with; None for every other model."""
    training = results.models[experiment.model].training
    return float(training.options["weight"]) if training is not None and training.recipe == "mixture" else None


def _point(axes: Axes, bounds: pd.Series, row: int, colour: str) -> None:
    """A value with its interval, or the words "not available"."""
    if pd.isna(bounds["value"]):
        axes.annotate(
            "not available", (0.5, row), xycoords=("axes fraction", "data"), ha="center", va="center", fontsize=SMALL, color=FAINT
        )
        return
    axes.errorbar(bounds["value"], row, xerr=reach(bounds), color=colour, marker="o", markersize=4, elinewidth=1.0, capsize=2, zorder=5)


def _bar(axes: Axes, bounds: pd.Series, place: float, colour: str, alpha: float) -> None:
    if pd.notna(bounds["value"]):
        axes.barh(place, bounds["value"], height=0.3, color=colour, alpha=alpha, linewidth=0)
        axes.errorbar(bounds["value"], place, xerr=reach(bounds), color=INK, linestyle="none", elinewidth=0.7)


def _speakers(axes: Axes, results: Results, experiment: Experiment, row: int, colour: str) -> None:
    """One dot per speaker; side by side where they would hide each other."""
    known = results.speakers(experiment).dropna(subset="follow_index").sort_values(["follow_index", "speaker"])
    places = row + 0.16 * (np.arange(len(known)) % 3 - 1)
    axes.scatter(known["follow_index"], places, s=5, color=colour, alpha=0.4, linewidth=0, zorder=3)
    for speaker, value, place in zip(known["speaker"], known["follow_index"], places, strict=True):
        says = f"{results.models[experiment.model].title}, speaker {speaker}: follow index {number(value)}"
        lead_from_point(axes, value, place, says, Utterances.of(experiment, speaker=str(speaker)), reach=_DOT)
