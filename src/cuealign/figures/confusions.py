"""Fig. 2: row-normalised confusion matrices under the interventions, seeds pooled."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from cuealign import conditions
from cuealign.figures.style import COLUMN
from cuealign.study import Cell, Study
from cuealign.tables.content import number
from cuealign.vocabulary import INVALID

_ORDER = ("none", "correct", "shuffle", "conflict", "corrupt")


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


def draw(study: Study, dataset: str, split: str, model: str) -> Figure:
    """One matrix per intervention, ``corrupt`` at its greatest strength; cells below 0.01 are not annotated."""
    cell, labels = Cell(dataset, split, model), study.datasets[dataset]["labels"]
    table, summary = study.metrics(cell, "confusion"), study.summary(cell)
    strongest = table.groupby("intervention", sort=False)["p"].unique().map(lambda values: max(values, key=float))
    shown = [name for name in _ORDER if name in strongest] + [name for name in strongest.index if name not in _ORDER]
    matrices = {name: row_normalised(table[(table["intervention"] == name) & (table["p"] == strongest[name])], labels) for name in shown}

    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(COLUMN, 0.35 + 1.6 * rows), squeeze=False)
    for name, axes in zip(shown, panels.flat, strict=False):
        matrix = matrices[name]
        text = np.vectorize(lambda value: number(value, 2) if value >= 0.01 else "")(matrix.to_numpy())
        sns.heatmap(
            matrix,
            ax=axes,
            vmin=0,
            vmax=1,
            cmap="Blues",
            cbar=False,
            square=True,
            annot=text,
            fmt="",
            xticklabels=True,
            yticklabels=True,
            annot_kws={"size": 6},
            linewidths=0.4,
        )
        uar = summary.loc[(name, strongest[name]), "uar"]
        axes.set_title(f"{conditions.title(name, strongest[name])}: UAR {number(uar)}", pad=3)
        axes.set(xlabel="", ylabel="")
        axes.set_xticklabels([label.lower() for label in matrix.columns], rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticklabels(matrix.index, rotation=0)
        axes.tick_params(length=0, pad=1)
    spare = list(panels.flat)[len(shown) :]
    for axes in spare:
        axes.set_axis_off()
    shades = panels.flat[0].collections[0]
    if spare:
        bar = figure.colorbar(shades, cax=spare[0].inset_axes([0.1, 0.55, 0.8, 0.06]), orientation="horizontal")
    else:
        bar = figure.colorbar(shades, ax=panels, location="bottom", shrink=0.5, aspect=25)
    bar.set_label("share of the gold class", fontsize=6.5)
    bar.outline.set_visible(False)
    figure.suptitle(
        f"{study.models[model]['title']} on {study.datasets[dataset]['title']} ({split}): gold class down, predicted across", fontsize=7
    )
    return figure
