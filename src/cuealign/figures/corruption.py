"""Fig. 3: UAR as a function of token corruption, with the audio-only and correct-tokens references."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from cuealign.figures.style import COLOURS, COLUMN, FAINT, INK
from cuealign.statistics.metrics import MEAN
from cuealign.study import Study
from cuealign.tables.content import number, p_value


def seed_interval(values: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Mean and half-width of Student's interval over seeds; the half-width of a single seed is 0."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, 0.0
    return mean, float(stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values))


def draw(study: Study, dataset: str, split: str) -> Figure:
    """One panel per model, on a common scale: mean and 95 % interval across seeds."""
    cells = [
        cell for cell in study.select(dataset=dataset, split=split) if "corrupt" in set(study.metrics(cell, "conditions")["intervention"])
    ]
    if not cells:
        figure, axes = plt.subplots(figsize=(COLUMN, 0.8))
        axes.text(0.5, 0.5, f"no corrupted condition on {dataset} ({split}) in this study's grid", ha="center", va="center")
        axes.set_axis_off()
        return figure
    figure, panels = plt.subplots(len(cells), 1, figsize=(COLUMN, 0.45 + 1.35 * len(cells)), sharex=True, sharey=True, squeeze=False)
    for position, (cell, axes) in enumerate(zip(cells, panels[:, 0], strict=True)):
        _panel(axes, study.metrics(cell, "conditions"), study.metrics(cell, "trend"), study, COLOURS[position % len(COLOURS)])
        axes.set_title(study.models[cell.model]["title"], loc="left", pad=3)
    panels[-1, 0].set_xlabel("corruption probability p")
    figure.supylabel("UAR", fontsize=7)
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=3, frameon=False, handlelength=2.0, columnspacing=1.0)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, trend: pd.DataFrame, study: Study, colour: tuple) -> None:
    for name, style, text in (("correct", (0, (5, 2)), "correct tokens"), ("none", (0, (1, 1.5)), "audio only")):
        reference = table.loc[table["intervention"] == name, "uar"]
        if len(reference):
            axes.axhline(reference.iloc[0], color=INK, linestyle=style, linewidth=0.9, label=text, zorder=4)
    runs = table[(table["intervention"] == "corrupt") & (table["seed"] != MEAN)]
    points = sorted((float(p), *seed_interval(group["uar"].to_numpy(), study.confidence)) for p, group in runs.groupby("p"))
    p, mean, half = map(np.array, zip(*points, strict=True))
    axes.errorbar(p, mean, yerr=half, color=colour, marker="o", capsize=2, label=f"corrupted, {study.level} CI", zorder=3)
    axes.scatter(runs["p"].astype(float), runs["uar"], s=4, color=FAINT, alpha=0.6, linewidth=0, zorder=2)
    if trend["spearman_rho"].notna().all():
        rho, value = trend["spearman_rho"].iloc[0], trend["spearman_p"].iloc[0]
        shown = "p < .0001" if value < 1e-4 else f"p = {p_value(value)}"
        axes.text(0.015, 0.05, f"ρ = {number(rho, 2)}, {shown}", transform=axes.transAxes, ha="left", va="bottom", fontsize=6.5)
    axes.set_xticks(p)
    axes.margins(y=0.18)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
