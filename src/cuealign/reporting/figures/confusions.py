"""Fig. 2: row-normalised confusion matrices under the interventions, seeds pooled."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field

from cuealign.config.entries.grid import Experiment
from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.evaluation import MEAN
from cuealign.interventions.conditions import condition_title
from cuealign.reporting.figures.places import Utterances, lead_from_cell
from cuealign.reporting.figures.style import INK, SMALL, Page, text_width, wrapped
from cuealign.reporting.numbers import number
from cuealign.reporting.results import Results

SCOPES = ("model",)
WIDTHS = (2, 1)
NEEDS = ("conditions", "confusion")
CAPTION = (
    "Row-normalised confusion matrices under the token interventions. Rows: gold class; columns: predicted class. The audio is the same "
    "in all. An intervention with a strength is shown at its greatest; seeds are pooled; small numbers are not written."
)

_DARK = 0.675
"""Shares above it have white text on their shade of blue; at this shade, both have a contrast of 4 to it."""
_SCALE, _HEADING, _BETWEEN, _CELL = 0.55, 0.32, 0.06, 0.175
"""Inches for the scale, for the heading of a matrix, between two of them, and of the smallest cell that holds a number."""
_TALLEST = 5.6
"""Inches of all matrices, so that a caption has room on the page."""
_LABEL = 60
"""Points on which a label is wrapped."""
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


def _strongest(results: Results, experiment: Experiment) -> dict[str, str]:
    """Interventions of the drawing, in their order, each with its greatest strength."""
    table = results.metrics(experiment, "confusion")
    strongest = table.groupby("intervention", sort=False)["p"].unique().map(lambda values: max(values, key=float))
    shown = [name for name in _ORDER if name in strongest] + [name for name in strongest.index if name not in _ORDER]
    return {name: strongest[name] for name in shown}


def _matrices(results: Results, experiment: Experiment) -> dict[str, pd.DataFrame]:
    """Matrix of every intervention of the drawing."""
    table, labels = results.metrics(experiment, "confusion"), results.datasets[experiment.dataset].labels
    return {
        name: row_normalised(table[(table["intervention"] == name) & (table["p"] == p)], labels)
        for name, p in _strongest(results, experiment).items()
    }


def caption(results: Results, dataset: str, split: str, model: str) -> str:
    """What is shown, with the numbers of utterances, speakers and seeds."""
    title = f"{results.models[model].title} on {results.datasets[dataset].title} ({split})"
    return f"{CAPTION} {title}: {results.sample(dataset=dataset, split=split, models=[model])}."


def describe(results: Results, _options: Options, dataset: str, split: str, model: str) -> str:
    """UAR, recall of every class, and the most frequent error of every class, under every intervention."""
    experiment = Experiment(dataset, split, model)
    summary, said = results.summary(experiment), []
    for (name, matrix), p in zip(_matrices(results, experiment).items(), _strongest(results, experiment).values(), strict=True):
        rows = []
        for label in matrix.dropna().index:  # a label that nobody speaks has no row
            others = matrix.loc[label].drop(label)
            rows.append(f"{label} {number(matrix.loc[label, label], 2)} (else {others.idxmax()} {number(others.max(), 2)})")
        said.append(f"{condition_title(name, p)}, UAR {number(summary.loc[(name, p), 'uar'])}: {', '.join(rows)}.")
    return f"Confusion matrices; recall of each class and its most frequent error. {' '.join(said)}"


def draw(results: Results, page: Page, options: Options, dataset: str, split: str, model: str) -> Figure:
    """One matrix per intervention, at its greatest strength if it has one; side by side as far as their numbers can be read."""
    experiment = Experiment(dataset, split, model)
    matrices, strongest, summary = _matrices(results, experiment), _strongest(results, experiment), results.summary(experiment)
    names = max(_points(label) for matrix in matrices.values() for label in matrix.columns) / 72
    beside = names + _SCALE
    across = _across(page, list(matrices.values()), beside)
    rows = -(-len(matrices) // across)
    below = 0.1 + 0.72 * names  # at 45 degrees
    side = min((page.width - beside) / across - _BETWEEN, _TALLEST / rows - _HEADING - below)
    size = (page.width, 0.25 * page.lines(_title(results, dataset, split, model)) + (side + _HEADING + below) * rows)
    figure, panels = plt.subplots(rows, across, figsize=size, squeeze=False, sharey=True, layout="compressed")
    written = side / max(matrix.shape[1] for matrix in matrices.values()) >= _CELL
    conditions = results.metrics(experiment, "conditions")
    conditions = conditions[conditions["seed"] != MEAN]
    for position, (name, matrix) in enumerate(matrices.items()):
        axes = panels.flat[position]
        seed = conditions.loc[(conditions["intervention"] == name) & (conditions["p"] == strongest[name]), "seed"].iloc[0]
        shares = matrix.to_numpy()
        shades = axes.pcolormesh(shares, vmin=0, vmax=1, cmap="Blues", edgecolors="white", linewidth=0.4)
        for row, column in np.argwhere((shares >= options.annotate_from) & written):
            share = shares[row, column]
            colour = "white" if share > _DARK else INK
            axes.text(column + 0.5, row + 0.5, number(share, 2), ha="center", va="center", fontsize=SMALL, color=colour)
        for row, column in np.ndindex(shares.shape):
            label, predicted = matrix.index[row], matrix.columns[column]
            says = f"{condition_title(name, strongest[name])}: {label}, answered {predicted}, {number(shares[row, column], 2)}"
            behind = Utterances.of(experiment, condition=(name, strongest[name], seed), label=label, prediction=predicted)
            lead_from_cell(axes, column, row, says, behind)
        axes.set_title(f"{condition_title(name, strongest[name])}\nUAR {number(summary.loc[(name, strongest[name]), 'uar'])}", pad=3)
        axes.set_aspect("equal")
        ticks = [label if label == INVALID else wrapped(label, _LABEL, SMALL) for label in matrix.columns]
        axes.set_xticks(np.arange(matrix.shape[1]) + 0.5, ticks, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(np.arange(matrix.shape[0]) + 0.5, [wrapped(label, _LABEL, SMALL) for label in matrix.index])
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, pad=1, labelleft=position % across == 0)
    panels[0, 0].invert_yaxis()  # of all, since they share it
    for axes in panels.flat[len(matrices) :]:
        axes.set_axis_off()
    bar = figure.colorbar(shades, ax=panels, location="right", shrink=0.8, aspect=30, pad=0.01)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    page.title(figure, _title(results, dataset, split, model))
    return figure


def _title(results: Results, dataset: str, split: str, model: str) -> str:
    where = f"{results.models[model].title} on {results.datasets[dataset].title} ({split})"
    return f"{where}: gold class down, predicted across, share of the gold class"


def _points(label: str) -> float:
    """Width of a label once it is wrapped."""
    return max(text_width(line, SMALL) for line in wrapped(label, _LABEL, SMALL).split("\n"))


def _across(page: Page, matrices: list[pd.DataFrame], beside: float) -> int:
    """Most matrices in a row whose cells hold their numbers, but two in a column and three in a page at least."""
    classes = max(matrix.shape[1] for matrix in matrices)
    count = len(matrices)
    while count > page.columns + 1 and ((page.width - beside) / count - _BETWEEN) / classes < _CELL:
        count -= 1
    rows = -(-len(matrices) // count)
    return -(-len(matrices) // rows)
