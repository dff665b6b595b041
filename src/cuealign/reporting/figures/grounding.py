"""Beyond the paper: every model in one picture, by what correct tokens add and what contradictory ones cost.

Both are against a block without content, so that what the mere presence of a block does is in neither. The place alone is no verdict:
a model that ignores its cues lies at the origin like one whose gains and costs cancel. So the marker gives the verdict.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.grounding.verdicts import VERDICTS
from cuealign.reporting.figures.style import COLUMN, FAINT, INK, MARKERS, empty, label_points, model_colours, reach
from cuealign.reporting.results import Results

SCOPES = ("study",)
NEEDS = ("conditions", "reliance", "verdict")
CAPTION = (
    "Every model by what correct tokens add (across) and what contradictory ones cost (up), in UAR against a block without content. The "
    "marker is the verdict. Hollow: the audio-only prompt is at chance. In the band, the cost is below the margin of the verdict. "
    "Intervals: jackknife-t over speakers."
)

_SHADE = "#e8f1f8"


def draw(results: Results, _options: PluginOptions) -> Figure:
    """One point per model and split, with intervals over speakers on both axes."""
    several = len({(experiment.dataset, experiment.split) for experiment in results.select()}) > 1
    colours = model_colours(results.models, (experiment.model for experiment in results.select()))
    shown = []
    for experiment in results.select():
        found = results.reliance(experiment)
        if found.loc[["gain", "cost_conflict"], "value"].notna().all():
            title = results.models[experiment.model].title
            where = f", {results.datasets[experiment.dataset].title} ({experiment.split})" if several else ""
            shown.append((f"{title}{where}", colours[experiment.model], found, results.verdict(experiment)))
    if not shown:
        return empty("no model ran audio-only, correct and conflict", COLUMN)
    figure, axes = plt.subplots(figsize=(COLUMN, 3.0))
    margin = max(verdict["margins"]["uar"] for *_, verdict in shown)
    axes.axhspan(-margin, margin, color=_SHADE, linewidth=0, zorder=0)
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=1)
    axes.axvline(0, color=FAINT, linewidth=0.6, zorder=1)
    points = []
    for _, colour, found, verdict in shown:
        gain, cost = found.loc["gain"], found.loc["cost_conflict"]
        axes.errorbar(
            gain["value"],
            cost["value"],
            xerr=reach(gain),
            yerr=reach(cost),
            color=colour,
            marker=MARKERS[VERDICTS.index(verdict["verdict"])],
            markerfacecolor="white" if verdict["at_chance"] else colour,
            linestyle="none",
            elinewidth=0.8,
            markersize=5,
            zorder=3,
        )
        points.append((gain["value"], cost["value"]))
    axes.set_xlabel("gain of correct tokens (UAR)")
    axes.set_ylabel("cost of contradictory tokens (UAR)")
    axes.margins(0.2)
    hint = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right", "fontsize": 6.5, "color": FAINT}
    axes.annotate(f"cost within ±{margin:g}", (0.99, margin), xytext=(0, 2), **hint)
    axes.annotate("below: wrong tokens cost UAR", (0.99, -margin), xytext=(0, -2), va="top", **hint)
    axes.spines[["top", "right"]].set_visible(False)
    told = [name for name in VERDICTS if any(verdict["verdict"] == name for *_, verdict in shown)]
    handles = [Line2D([], [], color=INK, linestyle="none", marker=MARKERS[VERDICTS.index(name)], label=name) for name in told]
    if any(verdict["at_chance"] for *_, verdict in shown):
        handles.append(
            Line2D([], [], color=INK, linestyle="none", marker="o", markerfacecolor="white", label="hollow: audio-only at chance")
        )
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False, handletextpad=0.3, columnspacing=1.0)
    label_points(axes, np.array(points), [title for title, *_ in shown])
    return figure
