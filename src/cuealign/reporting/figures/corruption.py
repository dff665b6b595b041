"""Fig. 3: UAR as a function of token corruption, with the audio-only and correct-tokens references."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import stdtrit

from cuealign.config.entries.grid import Experiment
from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import MEAN
from cuealign.interventions import INTERVENTIONS
from cuealign.reporting.figures.style import COLOURS, COLUMN, FAINT, INK, empty
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import number, p_value

SCOPES = ("split",)
NEEDS = ("conditions", "trend")
CAPTION = (
    "UAR against the strength p of an intervention; for Corrupt, the probability that a token is replaced by a random one. Mean and "
    "Student's interval across seeds, single runs in grey, with the correct tokens and the audio-only prompt as references; Spearman "
    "correlation over all runs."
)


def seed_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Mean and half-width of Student's interval over seeds; a single seed has none (NaN)."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("nan")
    return mean, float(stdtrit(len(values) - 1, (1 + confidence) / 2) * np.std(values, ddof=1) / np.sqrt(len(values)))


def draw(results: Results, _options: PluginOptions, dataset: str, split: str) -> Figure:
    """One panel per model and intervention that has a strength, on a common scale: mean and interval across seeds."""
    curves = [
        (experiment, name)
        for experiment in results.select(dataset=dataset, split=split)
        for name, p in results.metrics(experiment, "conditions").groupby("intervention", sort=False)["p"]
        if INTERVENTIONS.get(name).has_strength and p.nunique() > 1
    ]
    if not curves:
        return empty(f"no intervention with several strengths on {dataset} ({split}) in this study's grid", COLUMN)
    titles = {name: INTERVENTIONS.get(name).title for _, name in curves}
    size = (COLUMN, 0.45 + 1.35 * len(curves))
    figure, panels = plt.subplots(len(curves), 1, figsize=size, sharex=True, sharey=True, squeeze=False)
    for position, ((experiment, name), axes) in enumerate(zip(curves, panels[:, 0], strict=True)):
        _panel(axes, results, experiment, name, COLOURS[position % len(COLOURS)])
        title = results.models[experiment.model].title
        axes.set_title(title if len(titles) == 1 else f"{title}: {titles[name]}", loc="left", pad=3)
    panels[-1, 0].set_xlabel(f"strength p of {', '.join(titles.values())}")
    figure.supylabel("UAR", fontsize=7)
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2, frameon=False, handlelength=2.0, columnspacing=1.0)
    return figure


def _panel(axes: Axes, results: Results, experiment: Experiment, intervention: str, colour: str) -> None:
    table, trends = results.metrics(experiment, "conditions"), results.metrics(experiment, "trend")
    for name, style, text in (("correct", (0, (5, 2)), "correct tokens"), ("none", (0, (1, 1.5)), "audio-only")):
        reference = table.loc[table["intervention"] == name, "uar"]
        if len(reference):
            axes.axhline(reference.iloc[0], color=INK, linestyle=style, linewidth=0.9, label=text, zorder=4)
    runs = table[(table["intervention"] == intervention) & (table["seed"] != MEAN)]
    points = sorted((float(p), *seed_interval(group["uar"].to_numpy(), results.confidence)) for p, group in runs.groupby("p"))
    p, mean, half = map(np.array, zip(*points, strict=True))
    several = bool(np.isfinite(half).any())
    text = f"at strength p, {results.level} CI over seeds" if several else "at strength p, one seed"
    axes.errorbar(p, mean, yerr=half if several else None, color=colour, marker="o", capsize=2, label=text, zorder=3)
    axes.scatter(runs["p"].astype(float), runs["uar"], s=4, color=FAINT, alpha=0.6, linewidth=0, zorder=2)
    trend = trends[trends["intervention"] == intervention]
    if len(trend) and trend["spearman_rho"].notna().all():
        rho, value = trend["spearman_rho"].iloc[0], trend["spearman_p"].iloc[0]
        shown = "p < .0001" if value < 1e-4 else f"p = {p_value(value)}"
        axes.text(0.015, 0.05, f"ρ = {number(rho, 2)}, {shown}", transform=axes.transAxes, ha="left", va="bottom", fontsize=6.5)
    axes.set_xticks(p)
    axes.margins(y=0.18)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
