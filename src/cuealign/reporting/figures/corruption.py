"""Fig. 3: UAR as a function of token corruption, with the audio-only and correct-tokens references."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import stdtrit

from cuealign.config.entries.grid import Experiment, GridRun
from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import MEAN
from cuealign.interventions import INTERVENTIONS
from cuealign.reporting.figures.places import Utterances, lead_from_point
from cuealign.reporting.figures.style import FAINT, INK, SMALL, Page, empty, wrapped
from cuealign.reporting.numbers import number, p_value
from cuealign.reporting.results import Results

SCOPES = ("split",)
NEEDS = ("conditions", "trend")
CAPTION = (
    "UAR against the strength p of an intervention; for Corrupt, the probability that a token is replaced by a random one. Mean and "
    "interval over seeds, single runs in grey, with the correct tokens, the audio-only prompt and chance as references; Spearman "
    "correlation over all runs."
)

_REFERENCES = (("correct", (0, (5, 2)), "correct tokens"), ("none", (0, (1, 1.5)), "audio-only"))
_NARROWEST, _HEIGHT, _LOW, _MOST_ROWS = 1.6, 1.3, 0.95, 4
"""Inches of a panel, the last if there are many rows; rows from which on there are more columns."""
_PLAIN = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
"""Behind text, so that a line does not cross it."""
_NEAR_CHANCE = 1.0
"""Share of the range of the data by which the axis may grow to show chance."""


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether an intervention is run at several strengths by one model on one split."""
    strengths: dict[tuple[str, ...], set[str]] = {}
    for run in runs:
        if INTERVENTIONS.get(run.intervention).has_strength:
            strengths.setdefault((run.dataset, run.split, run.model, run.intervention), set()).add(run.p)
    return any(len(found) > 1 for found in strengths.values())


def seed_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Mean and half-width of Student's interval over seeds; a single seed has none (NaN)."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("nan")
    return mean, float(stdtrit(len(values) - 1, (1 + confidence) / 2) * np.std(values, ddof=1) / np.sqrt(len(values)))


def _curves(results: Results, dataset: str, split: str) -> list[tuple[Experiment, str]]:
    """Models and interventions that were run at several strengths."""
    return [
        (experiment, name)
        for experiment in results.select(dataset=dataset, split=split)
        for name, p in results.metrics(experiment, "conditions").groupby("intervention", sort=False)["p"]
        if INTERVENTIONS.get(name).has_strength and p.nunique() > 1
    ]


def caption(results: Results, dataset: str, split: str) -> str:
    """What is shown, with the level of the intervals and the numbers of utterances, speakers and seeds."""
    title = f"{results.datasets[dataset].title} ({split})"
    drawn = {experiment.model for experiment, _ in _curves(results, dataset, split)}
    return f"{CAPTION} Intervals: Student's, {results.level}. {title}: {results.sample(dataset=dataset, split=split, models=drawn)}."


def describe(results: Results, _options: PluginOptions, dataset: str, split: str) -> str:
    """UAR at the smallest and the greatest strength, with the references."""
    said = []
    for experiment, name in _curves(results, dataset, split):
        summary = results.summary(experiment)["uar"]
        strengths = sorted((p for intervention, p in summary.index if intervention == name), key=float)
        ends = " to ".join(f"{number(summary[name, p])} at p = {p}" for p in (strengths[0], strengths[-1]))
        others = [f"{text} {number(summary[other, '0'])}" for other, _, text in _REFERENCES if (other, "0") in summary.index]
        title = f"{results.models[experiment.model].title}, {INTERVENTIONS.get(name).title}"
        said.append(f"{title}: UAR from {'; '.join([ends, ', '.join(others)] if others else [ends])}.")
    return f"Curves of UAR over the strength of an intervention. {' '.join(said)} Chance {number(results.chance(dataset, split))}."


def draw(results: Results, page: Page, _options: PluginOptions, dataset: str, split: str) -> Figure:
    """One panel per model and intervention that has a strength, on a common scale: mean and interval across seeds."""
    curves = _curves(results, dataset, split)
    title = f"{results.datasets[dataset].title} ({split})"
    if not curves:
        return empty(f"no intervention with several strengths on {title} in this study's grid", page)
    titles = {name: INTERVENTIONS.get(name).title for _, name in curves}
    most = max(1, int(page.width / _NARROWEST))
    across = next((count for count in range(1, most) if -(-len(curves) // count) <= _MOST_ROWS), most) if page.columns == 1 else most
    across = min(across, len(curves))
    rows = -(-len(curves) // across)
    models = [results.models[experiment.model].title for experiment, _ in curves]
    texts = [model if len(titles) == 1 else f"{model}: {titles[name]}" for model, (_, name) in zip(models, curves, strict=True)]
    headings = [wrapped(text, page.width * 72 / across - 40, SMALL) for text in texts]
    more = 0.13 * max(heading.count("\n") for heading in headings)
    size = (page.width, 0.65 + ((1.6 if len(curves) == 1 else _HEIGHT if rows < _MOST_ROWS else _LOW) + more) * rows)
    figure, panels = plt.subplots(rows, across, figsize=size, sharex=True, sharey=True, squeeze=False)
    for (experiment, name), heading, axes in zip(curves, headings, panels.flat, strict=False):
        _panel(axes, results, experiment, name, page.colours.get(experiment.model, INK))
        axes.set_title(heading, loc="left", pad=3, fontsize=SMALL)
    _scale(panels, results.chance(dataset, split))
    for axes in panels.flat[len(curves) :]:
        axes.set_axis_off()
    figure.supxlabel(f"strength p of {', '.join(titles.values())}", fontsize=SMALL)
    figure.supylabel("UAR", fontsize=SMALL)
    handles: dict[str, Artist] = {}
    for axes in panels.flat[: len(curves)]:  # panels may differ in what their model ran
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    page.legend(figure, title, list(handles.values()), list(handles), ncols=2 if page.columns == 1 else len(handles))
    return figure


def _panel(axes: Axes, results: Results, experiment: Experiment, intervention: str, colour: str) -> None:
    table, trends = results.metrics(experiment, "conditions"), results.trends(experiment)
    for name, style, text in _REFERENCES:
        reference = table.loc[table["intervention"] == name, "uar"]
        if len(reference):
            axes.axhline(reference.iloc[0], color=INK, linestyle=style, linewidth=0.9, label=text, zorder=4)
    runs = table[(table["intervention"] == intervention) & (table["seed"] != MEAN)]
    points = sorted((float(p), *seed_interval(group["uar"].to_numpy(), results.statistics.confidence)) for p, group in runs.groupby("p"))
    p, mean, half = map(np.array, zip(*points, strict=True))
    several = bool(np.isfinite(half).any())
    text = f"at strength p, {results.level} CI over seeds" if several else "at strength p, one seed"
    axes.errorbar(p, mean, yerr=half if several else None, color=colour, marker="o", capsize=2, label=text, zorder=3)
    axes.scatter(runs["p"].astype(float), runs["uar"], s=4, color=FAINT, alpha=0.6, linewidth=0, zorder=2)
    title = f"{results.models[experiment.model].title}, {INTERVENTIONS.get(intervention).title}"
    for strength, group in runs.groupby("p"):
        behind = Utterances.of(experiment, condition=(intervention, strength, group["seed"].iloc[0]))
        value = group["uar"].mean()
        lead_from_point(axes, float(strength), value, f"{title} at p = {strength}: UAR {number(value)}", behind)
    trend = trends[trends["intervention"] == intervention]
    if len(trend) and trend["spearman_rho"].notna().all():
        rho, value = trend["spearman_rho"].iloc[0], trend["spearman_p"].iloc[0]
        shown = "p < 10⁻⁴" if value < 1e-4 else f"p = {p_value(value)}"
        axes.text(
            0.02,
            0.04,
            f"ρ = {number(rho, 2)}, {shown}",
            transform=axes.transAxes,
            ha="left",
            va="bottom",
            fontsize=SMALL,
            zorder=5,
            bbox=_PLAIN,
        )
    axes.set_xticks(p)
    axes.margins(y=0.18)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _scale(panels: np.ndarray, chance: float) -> None:
    """Show chance by a line where it is near the data, and say where it lies where it is not."""
    low, high = panels.flat[0].get_ylim()
    near = low - _NEAR_CHANCE * (high - low) <= chance <= high + _NEAR_CHANCE * (high - low)
    for axes in panels.flat:
        if not axes.lines:
            continue
        if near:
            axes.axhline(chance, color=FAINT, linewidth=0.7, label="chance", zorder=1)
        else:
            text = f"chance {number(chance)} {'↓' if chance < low else '↑'}"
            axes.text(0.98, 0.04, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=SMALL, color=FAINT)
    if near:
        panels.flat[0].set_ylim(min(low, chance - 0.04 * (high - low)), max(high, chance + 0.04 * (high - low)))
    else:
        panels.flat[0].set_ylim(low, high)
