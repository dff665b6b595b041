"""Fig. 2: row-normalised confusion matrices under the interventions, seeds pooled."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field

from cuealign.config.entries.grid import Experiment
from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import INVALID
from cuealign.interventions.conditions import condition_title
from cuealign.reporting.figures.style import COLUMN, INK
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import number

SCOPES = ("model",)
NEEDS = ("conditions", "confusion")
CAPTION = (
    "Row-normalised confusion matrices under the token interventions. Rows: gold class. The audio is the same in all. An intervention "
    "with a strength is shown at its greatest; seeds are pooled; cells below the limit of annotation are left blank."
)

_DARK = 0.5
"""Shares above it have white text on their shade of blue."""
_ORDER = ("none", "correct", "shuffle", "conflict", "blank", "corrupt")


class Options(PluginOptions):
    """What is written into the cells."""

    annotate_from: float = Field(default=0.01, ge=0, le=1, description="Smallest share that is written into its cell.")


def row_normalised(confusion: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Share of each prediction within each gold label.

    Args:
        confusion: columns label, prediction, count, of one condition.
        labels: order of rows and columns.

    Returns:
        Index labels, columns labels and, only where it occurs, INVALID; rows sum to 1.
    """
    counts = confusion.pivot(index="label", columns="prediction", values="count").reindex(index=labels, columns=[*labels, INVALID])
    shares = counts.div(counts.sum(axis=1), axis=0)
    return shares if counts[INVALID].sum() else shares[labels]


def draw(results: Results, options: Options, dataset: str, split: str, model: str) -> Figure:
    """One matrix per intervention, at its greatest strength if it has one."""
    experiment, labels = Experiment(dataset, split, model), results.datasets[dataset].labels
    table, summary = results.metrics(experiment, "confusion"), results.summary(experiment)
    strongest = table.groupby("intervention", sort=False)["p"].unique().map(lambda values: max(values, key=float))
    shown = [name for name in _ORDER if name in strongest] + [name for name in strongest.index if name not in _ORDER]
    matrices = {name: row_normalised(table[(table["intervention"] == name) & (table["p"] == strongest[name])], labels) for name in shown}

    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(COLUMN, 0.35 + 1.6 * rows), squeeze=False)
    for name, axes in zip(shown, panels.flat, strict=False):
        matrix = matrices[name]
        shares = matrix.to_numpy()
        shades = axes.pcolormesh(shares, vmin=0, vmax=1, cmap="Blues", edgecolors="white", linewidth=0.4)
        for row, column in np.argwhere(shares >= options.annotate_from):
            share = shares[row, column]
            axes.text(
                column + 0.5, row + 0.5, number(share, 2), ha="center", va="center", fontsize=6, color="white" if share > _DARK else INK
            )
        uar = summary.loc[(name, strongest[name]), "uar"]
        axes.set_title(f"{condition_title(name, strongest[name])}: UAR {number(uar)}", pad=3)
        axes.set_aspect("equal")
        axes.invert_yaxis()
        axes.set_xticks(
            np.arange(matrix.shape[1]) + 0.5,
            [label.lower() for label in matrix.columns],
            rotation=35,
            ha="right",
            rotation_mode="anchor",
        )
        axes.set_yticks(np.arange(matrix.shape[0]) + 0.5, matrix.index)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, pad=1)
    spare = list(panels.flat)[len(shown) :]
    for axes in spare:
        axes.set_axis_off()
    if spare:
        bar = figure.colorbar(shades, cax=spare[0].inset_axes([0.1, 0.55, 0.8, 0.06]), orientation="horizontal")
    else:
        bar = figure.colorbar(shades, ax=panels, location="bottom", shrink=0.5, aspect=25)
    bar.set_label("share of the gold class", fontsize=6.5)
    bar.outline.set_visible(False)
    figure.suptitle(
        f"{results.models[model].title} on {results.datasets[dataset].title} ({split}): gold class down, predicted across", fontsize=7
    )
    return figure
