"""Fig. 1: how often each token occurs within each emotion."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS
from cuealign.reporting.figures.style import COLOURS, COLUMN, FAINT
from cuealign.reporting.results import Results

SCOPES = ("dataset",)
CAPTION = (
    "Concept tokens within each emotion. Bubble area and the number beside it: share of utterances of the emotion with that token, in "
    "percent."
)

_LARGEST = 110.0  # area in square points of a bubble of 100 %


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


def draw(results: Results, _options: PluginOptions, dataset: str) -> Figure:
    """Bubble plot: a row of panels per concept; within it emotions across, token values up; area is the frequency."""
    tokens, labels = results.tokens(dataset), results.datasets[dataset].labels
    figure, panels = plt.subplots(3, 2, figsize=(COLUMN, 4.3))
    for concept, axes in zip(CONCEPTS, panels.flat, strict=True):
        shares = frequencies(tokens, concept, labels)
        for column, label in enumerate(labels):
            share = shares.loc[label].to_numpy()
            axes.scatter(
                np.full(len(share), column),
                np.arange(len(share)),
                s=share * _LARGEST,
                color=COLOURS[column % len(COLOURS)],
                alpha=0.85,
                linewidth=0,
            )
            for row, value in enumerate(share):
                if value >= 0.005:
                    axes.annotate(
                        f"{100 * value:.0f}",
                        (column, row),
                        xytext=(np.sqrt(value * _LARGEST / np.pi) + 1.2, 0),
                        textcoords="offset points",
                        va="center",
                        fontsize=5,
                        color="#555555",
                    )
        axes.set_title(concept.replace("_", " "), pad=3)
        axes.set_xticks(range(len(labels)), labels, fontsize=5.5, rotation=25 if len(labels) > 3 else 0)
        axes.set_yticks(range(shares.shape[1]), [token.replace("_", " ").lower() for token in shares.columns], fontsize=5.5)
        axes.set_xlim(-0.5, len(labels) - 0.2)
        axes.set_ylim(-0.6, shares.shape[1] - 0.4)
        axes.tick_params(length=0)
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
        for side in axes.spines.values():
            side.set_color(FAINT)
            side.set_linewidth(0.4)
    figure.suptitle(f"{results.datasets[dataset].title}: tokens within each emotion (%)", fontsize=7.5)
    return figure
