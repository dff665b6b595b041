"""Fig. 1: how often each token occurs within each emotion."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS
from cuealign.reporting.colours import COLOURS
from cuealign.reporting.figures.places import Utterances, lead_from_point
from cuealign.reporting.figures.style import FAINT, INK, SMALL, Page
from cuealign.reporting.results import Results

SCOPES = ("dataset",)
CAPTION = (
    "Concept tokens within each emotion. Area of a bubble, and the number in it: percent of the utterances of the emotion with that token."
)

_WIDEST = 19.0
"""Diameter in points of a bubble of 100 %, if the columns are no narrower."""
_NAMES = 0.75
"""Inches for the names of the tokens."""
_FEW = 5
"""Labels for which there is room in half a column."""
_LEAST = 0.005
"""Smallest share that is written."""


def frequencies(tokens: pd.DataFrame, concept: str, labels: list[str]) -> pd.DataFrame:
    """Share of each token of a concept within each emotion.

    Args:
        tokens: columns ``label`` and the concept.
        concept: one of the six.
        labels: order of the rows.

    Returns:
        Index labels, columns the concept's vocabulary (UNVOICED only where it occurs); rows sum to 1.
    """
    vocabulary = list(TOKENS[concept])
    if concept in VOICED_CONCEPTS and (tokens[concept] == UNVOICED).any():
        vocabulary.append(UNVOICED)
    counts = pd.crosstab(tokens["label"], tokens[concept]).reindex(index=labels, columns=vocabulary, fill_value=0)
    return counts.div(counts.sum(axis=1), axis=0)


def caption(results: Results, dataset: str) -> str:
    """What is shown, with the number of utterances."""
    return f"{CAPTION} {results.datasets[dataset].title}: {len(results.tokens(dataset)):,} utterances."


def describe(results: Results, _options: PluginOptions, dataset: str) -> str:
    """The most frequent token of every concept and emotion."""
    tokens, labels = results.tokens(dataset), results.datasets[dataset].labels
    said = []
    for concept in CONCEPTS:
        shares = frequencies(tokens, concept, labels)
        most = [f"{label} {shares.loc[label].idxmax()} ({100 * shares.loc[label].max():.0f}%)" for label in labels]
        said.append(f"{concept}: {', '.join(most)}.")
    return f"Bubbles by emotion and token, one panel per concept. Most frequent tokens. {' '.join(said)}"


def draw(results: Results, page: Page, _options: PluginOptions, dataset: str) -> Figure:
    """Bubble plot: one panel per concept; within it emotions across, token values up; area is the frequency."""
    tokens, labels = results.tokens(dataset), results.datasets[dataset].labels
    across = (2 if len(labels) <= _FEW else 1) if page.columns == 1 else 3
    rows = len(CONCEPTS) // across
    largest = np.pi / 4 * min(_WIDEST, 1.1 * 72 * (page.width / across - _NAMES) / len(labels)) ** 2
    figure, panels = plt.subplots(rows, across, figsize=(page.width, 0.4 + (1.4 if across > 1 else 1.2) * rows), sharex=True)
    for concept, axes in zip(CONCEPTS, panels.flat, strict=True):
        shares = frequencies(tokens, concept, labels)
        for column, label in enumerate(labels):
            share = shares.loc[label].to_numpy()
            places = np.full(len(share), column)
            colour = COLOURS[column % len(COLOURS)]
            # The size of a marker is the square of its diameter.
            axes.scatter(places, np.arange(len(share)), s=share * largest * 4 / np.pi, color=colour, alpha=0.4, linewidth=0)
            for row, value in enumerate(share):
                if value > 0:
                    says = f"{label}, {concept}={shares.columns[row]}: {100 * value:.0f} %"
                    behind = Utterances(dataset=dataset, label=label, token=f"{concept}={shares.columns[row]}")
                    lead_from_point(axes, column, row, says, behind)
                if value >= _LEAST:
                    axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=SMALL, color=INK)
        axes.set_title(concept.replace("_", " "), pad=3)
        crowded = len(labels) > 3 or max(map(len, labels)) > 8
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
        axes.set_xticks(range(len(labels)), labels, **turned)
        axes.set_yticks(range(shares.shape[1]), [token.replace("_", " ").lower() for token in shares.columns])
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.set_ylim(-0.6, shares.shape[1] - 0.4)
        axes.tick_params(length=0, pad=2)
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
        axes.spines[:].set_color(FAINT)
        axes.spines[:].set_linewidth(0.4)
    page.title(figure, f"{results.datasets[dataset].title}: tokens within each emotion (%)")
    return figure
