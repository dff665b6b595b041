"""Beyond the paper: every model in one picture, between ignoring the cues and following them blindly.

Across: what aligned tokens add to audio-only. Up: what contradictory tokens do to it. A model that ignores the cues
lies at the origin; one that follows them blindly far to the lower right, where contradiction destroys; one that uses
them but stays anchored to the audio to the right, near the horizontal line.
"""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from cuealign.core.registry import PluginOptions
from cuealign.reporting.figures.style import COLOURS, COLUMN, FAINT, MARKERS
from cuealign.reporting.results import Results

SCOPES = ("study",)
NEEDS = ("comparisons",)
CAPTION = (
    "Every model between ignoring the cues (at the origin) and following them blindly (lower right). Intervals: bootstrap over speakers."
)


def _bar(difference: pd.Series) -> list[list[float]] | None:
    """Lengths of an error bar to both sides, None without an interval. A percentile may lie an ulp beyond the difference."""
    low, delta, high = difference["ci_low"], difference["delta"], difference["ci_high"]
    return None if pd.isna(low) else [[max(delta - low, 0.0)], [max(high - delta, 0.0)]]


def draw(results: Results, _options: PluginOptions) -> Figure:
    """One point per model and split, with intervals of a bootstrap over speakers on both axes."""
    figure, axes = plt.subplots(figsize=(COLUMN, 2.7))
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    axes.axvline(0, color=FAINT, linewidth=0.6, zorder=0)
    drawn = 0
    for experiment in results.select():
        pairs = results.metrics(experiment, "comparisons").set_index(["a", "b"])
        wanted = [("correct", "none"), ("conflict", "none")]
        if not all(pair in pairs.index for pair in wanted):
            continue
        gain, conflict = (pairs.loc[pair] for pair in wanted)
        axes.errorbar(
            gain["delta"],
            conflict["delta"],
            xerr=_bar(gain),
            yerr=_bar(conflict),
            color=COLOURS[drawn % len(COLOURS)],
            marker=MARKERS[drawn % len(MARKERS)],
            linestyle="none",
            elinewidth=0.9,
            label=f"{results.models[experiment.model].title}, {results.datasets[experiment.dataset].title} ({experiment.split})",
        )
        drawn += 1
    axes.set_xlabel("gain from aligned tokens: UAR(correct) − UAR(audio only)")
    axes.set_ylabel("UAR(conflict) − UAR(audio only)")
    axes.margins(0.15)
    hint = {"fontsize": 6.5, "color": FAINT, "style": "italic"}
    axes.annotate("ignores the cues", (0, 0), xytext=(5, 4), textcoords="offset points", **hint)
    axes.annotate(
        "uses them, anchored to the audio",
        (1, 0),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        **hint,
    )
    axes.annotate("follows them blindly", (0.99, 0.03), xycoords="axes fraction", ha="right", **hint)
    axes.spines[["top", "right"]].set_visible(False)
    if drawn:
        figure.legend(loc="outside upper center", ncols=1 if drawn > 4 else 2, frameon=False, handletextpad=0.3, columnspacing=1.0)
    else:
        axes.text(0.5, 0.5, "no model ran audio-only, correct and conflict", transform=axes.transAxes, ha="center", va="center")
    return figure
