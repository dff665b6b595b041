"""Beyond the paper: every model in one picture, by what correct tokens add and what contradictory ones cost.

Both are against a block without content, so that what the mere presence of a block does is in neither. The place alone is no verdict:
a model that ignores its cues lies at the origin like one whose gains and costs cancel. So the marker gives the verdict.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cuealign.config.entries.grid import Experiment, GridRun
from cuealign.core.registry import PluginOptions
from cuealign.evaluation.grounding.verdicts import VERDICTS
from cuealign.reporting.colours import MARKERS
from cuealign.reporting.figures.places import Utterances, lead_from_point
from cuealign.reporting.figures.style import FAINT, INK, SMALL, Page, add_below, empty, label_points, reach
from cuealign.reporting.numbers import signed
from cuealign.reporting.results import Results

SCOPES = ("study",)
NEEDS = ("conditions", "reliance", "verdict")
CAPTION = (
    "Every model by what correct tokens add (across) and what contradictory ones cost (up), in UAR against a block without content. The "
    "marker is the verdict. Hollow: the audio-only prompt is at chance. In the band, the cost is below the margin of the verdict."
)

_SHADE = "#e8f1f8"
_NOTHING = "no model ran audio-only, correct and conflict"


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether a model is run on audio alone, on correct and on contradictory tokens."""
    ran: dict[tuple[str, ...], set[str]] = {}
    for run in runs:
        ran.setdefault((run.dataset, run.split, run.model), set()).add(run.intervention)
    return any({"none", "correct", "conflict"} <= found for found in ran.values())


def caption(results: Results) -> str:
    """What is shown, with the level of the intervals and the numbers of utterances, speakers and seeds."""
    return f"{CAPTION} Intervals: jackknife-t over speakers, {results.level}. {results.sample()}."


def describe(results: Results, _options: PluginOptions) -> str:
    """Gain, cost and verdict of every model."""
    said = [_said(title, found, verdict) for title, _, found, verdict in _shown(results)]
    if not said:
        return f"No points: {_NOTHING}."
    return f"Points of models by the gain of correct tokens (across) and the cost of contradictory ones (up). {'; '.join(said)}."


def _said(title: str, found: pd.DataFrame, verdict: dict[str, Any]) -> str:
    return f"{title}: gain {signed(found.loc['gain', 'value'])}, cost {signed(found.loc['cost_conflict', 'value'])}, {verdict['verdict']}"


def _shown(results: Results) -> Iterator[tuple[str, Experiment, pd.DataFrame, dict[str, Any]]]:
    """Title, experiment, quantities and verdict of whatever has a gain and a cost."""
    several = len({(experiment.dataset, experiment.split) for experiment in results.select()}) > 1
    for experiment in results.select():
        found = results.reliance(experiment)
        if found.loc[["gain", "cost_conflict"], "value"].notna().all():
            title = results.models[experiment.model].title
            where = f", {results.datasets[experiment.dataset].title} ({experiment.split})" if several else ""
            yield f"{title}{where}", experiment, found, results.verdict(experiment)


def draw(results: Results, page: Page, _options: PluginOptions) -> Figure:
    """One point per model and split, with intervals over speakers on both axes."""
    shown = list(_shown(results))
    if not shown:
        return empty(_NOTHING, page)
    figure, axes = plt.subplots(figsize=(page.width, 3.2 if page.columns == 1 else 4.2))
    margin = max(verdict["margins"]["uar"] for *_, verdict in shown)
    axes.axhspan(-margin, margin, color=_SHADE, linewidth=0, zorder=0)
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=1)
    axes.axvline(0, color=FAINT, linewidth=0.6, zorder=1)
    points = []
    for title, experiment, found, verdict in shown:
        colour = page.colours.get(experiment.model, INK)
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
        behind = Utterances.of(experiment, condition=("conflict", "0", "0"), show="conflict")
        lead_from_point(axes, *points[-1], _said(title, found, verdict), behind)
    axes.set_xlabel("gain of correct tokens (UAR)")
    axes.set_ylabel("cost of contradictory tokens (UAR)")
    axes.margins(0.25)
    hint = axes.annotate(
        f"cost within ±{margin:g}",
        (0.99, margin),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="right",
        fontsize=SMALL,
        color=FAINT,
    )
    axes.spines[["top", "right"]].set_visible(False)
    told = [name for name in VERDICTS if any(verdict["verdict"] == name for *_, verdict in shown)]
    handles = [Line2D([], [], color=INK, linestyle="none", marker=MARKERS[VERDICTS.index(name)], label=name) for name in told]
    if any(verdict["at_chance"] for *_, verdict in shown):
        handles.append(
            Line2D([], [], color=INK, linestyle="none", marker="o", markerfacecolor="white", label="hollow: audio-only at chance")
        )
    where = list(dict.fromkeys(f"{results.datasets[run.dataset].title} ({run.split})" for run in results.select()))
    title = "Gain and cost of tokens" + (f": {where[0]}" if len(where) == 1 else "")
    page.legend(figure, title, handles, [str(handle.get_label()) for handle in handles], ncols=2 * page.columns)
    names = [title for title, *_ in shown]
    if not label_points(axes, np.array(points), names, [hint]):
        numbers = [str(place) for place in range(1, len(names) + 1)]
        label_points(axes, np.array(points), numbers, [hint])
        add_below(figure, page, [f"{place}: {name}" for place, name in zip(numbers, names, strict=True)])
    return figure
