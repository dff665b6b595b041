"""Beyond the paper: how a model reads each token, beside what the token means in the corpus."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cuealign.config.entries.grid import Experiment
from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.reporting.figures.style import COLOURS, FAINT, TWO_COLUMNS, empty
from cuealign.reporting.results import Results

SCOPES = ("model",)
NEEDS = ("conditions", "reading")
CAPTION = (
    "How a model reads the tokens: effect of every token on the log-odds of every label, with jackknife-t intervals over speakers. Filled: "
    "differs from 0 when all effects are tested together (Bonferroni). Faint: the token's partial effect in the corpus, scaled to the "
    "model's effects by one factor for the whole figure."
)

_ABOVE, _BELOW, _ROW = 0.42, 0.78, 0.78
"""Inches for the titles, for the names of the tokens, and for each label."""


def draw(results: Results, _options: PluginOptions, dataset: str, split: str, model: str) -> Figure:
    """Labels down, concepts across; within a panel, tokens across and effects up."""
    experiment = Experiment(dataset, split, model)
    effects = results.metrics(experiment, "reading")
    title = f"{results.models[model].title} on {results.datasets[dataset].title} ({split})"
    if len(effects) == 0:
        return empty(f"{title}: not available without log-probabilities\nunder random tokens, two seeds at least", TWO_COLUMNS)
    labels = [label for label in results.datasets[dataset].labels if label in set(effects["label"])]
    factor = scale(effects)
    height = _ABOVE + _BELOW + _ROW * len(labels)
    # Laid out by hand: solving for the places of so many panels takes longer than drawing them.
    places = {"left": 0.085, "right": 0.995, "bottom": _BELOW / height, "top": 1 - _ABOVE / height, "wspace": 0.12, "hspace": 0.12}
    figure, panels = plt.subplots(
        len(labels),
        len(CONCEPTS),
        figsize=(TWO_COLUMNS, height),
        sharex="col",
        sharey=True,
        squeeze=False,
        gridspec_kw=places,
        layout="none",
    )
    for row, label in enumerate(labels):
        for column, concept in enumerate(CONCEPTS):
            own = effects[(effects["label"] == label) & (effects["concept"] == concept)].set_index("token").loc[list(TOKENS[concept])]
            _panel(panels[row, column], own, factor, COLOURS[row % len(COLOURS)])
        panels[row, 0].set_ylabel(label)
    for column, concept in enumerate(CONCEPTS):
        panels[0, column].set_title(concept.replace("_", " "), pad=3)
        tokens = [token.replace("_", " ").lower() for token in TOKENS[concept]]
        panels[-1, column].set_xticks(range(len(tokens)), tokens, rotation=90)
    figure.supylabel("effect on the log-odds of the label", fontsize=7, x=0.005)
    scaled = f"; corpus × {factor:.2g}" if factor > 0 else ""
    figure.suptitle(f"{title}{scaled}", fontsize=7.5, y=1 - 0.05 / height)
    return figure


def scale(effects: pd.DataFrame) -> float:
    """Ratio of the sizes (root mean square) of the model's effects and of the corpus's, over tokens that have both; 0 without."""
    known = effects[effects["effect"].notna() & effects["corpus"].notna()]
    theirs = np.sqrt(np.square(known["corpus"]).mean()) if len(known) else 0.0
    return float(np.sqrt(np.square(known["effect"]).mean()) / theirs) if theirs > 0 else 0.0


def _panel(axes: Axes, own: pd.DataFrame, factor: float, colour: str) -> None:
    places = np.arange(len(own))
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    if factor > 0:
        axes.plot(places, own["corpus"] * factor, color=FAINT, marker="_", markersize=7, linewidth=0.6, alpha=0.7, zorder=1)
    if own["low"].notna().all():
        axes.vlines(places, own["low"], own["high"], color=colour, linewidth=0.9, zorder=2)
    faces = [colour if marked else "white" for marked in own["marked"]]
    axes.scatter(places, own["effect"], s=11, c=faces, edgecolors=colour, linewidths=0.8, zorder=3)
    axes.set_xlim(-0.6, len(own) - 0.4)
    axes.margins(y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", length=0)
