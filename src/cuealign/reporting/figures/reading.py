"""Beyond the paper: how a model reads each token, beside what the token means in the corpus."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cuealign.config.entries.grid import Experiment, GridRun
from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.reporting.colours import COLOURS
from cuealign.reporting.figures.places import Utterances, lead_from_point
from cuealign.reporting.figures.style import FAINT, SMALL, Page, empty, wrapped
from cuealign.reporting.numbers import signed
from cuealign.reporting.results import Results

SCOPES = ("model",)
WIDTHS = (2,)
NEEDS = ("conditions", "reading")
CAPTION = (
    "How a model reads the tokens: effect of every token on the log-odds of every label. Filled: "
    "differs from 0 when all effects are tested together (Bonferroni). Faint: the token's partial effect in the corpus, scaled to the "
    "model's effects by one factor for the whole figure."
)

_NOTHING = 1e-9
"""An effect that is no larger comes of rounding."""
_ABOVE, _BELOW, _ROW = 0.24, 0.78, 0.78
"""Inches for the titles of the panels, for the names of the tokens, and for each label."""


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether random tokens are run with two seeds at least, from which effects are estimated."""
    seeds: dict[tuple[str, ...], set[str]] = {}
    for run in runs:
        if run.intervention == "corrupt" and float(run.p) == 1:
            seeds.setdefault((run.dataset, run.split, run.model), set()).add(run.seed)
    return any(len(found) > 1 for found in seeds.values())


def caption(results: Results, dataset: str, split: str, model: str) -> str:
    """What is shown, with the level of the intervals, the scale, and the numbers of utterances, speakers and seeds."""
    factor = scale(results.metrics(Experiment(dataset, split, model), "reading"))
    scaled = f" Here: {factor:.2g}." if factor > 0 else ""
    title = f"{results.models[model].title} on {results.datasets[dataset].title} ({split})"
    sample = results.sample(dataset=dataset, split=split, models=[model])
    return f"{CAPTION}{scaled} Intervals: jackknife-t over speakers, {results.level}. {title}: {sample}."


def describe(results: Results, _options: PluginOptions, dataset: str, split: str, model: str) -> str:
    """The strongest effect of every concept."""
    effects = results.metrics(Experiment(dataset, split, model), "reading")
    if len(effects) == 0:
        return "No effects: there are no log-probabilities."
    said = []
    for concept in CONCEPTS:
        own = effects[effects["concept"] == concept]
        most = own.loc[own["effect"].abs().idxmax()]
        said.append(
            f"{concept}: {most['token']} on {most['label']} {signed(most['effect'], 2)}, {int(own['marked'].sum())} of {len(own)} marked"
        )
    return f"Effects of tokens on the log-odds of labels, one panel per label and concept. Strongest effects. {'; '.join(said)}."


def draw(results: Results, page: Page, _options: PluginOptions, dataset: str, split: str, model: str) -> Figure:
    """Labels down, concepts across; within a panel, tokens across and effects up."""
    experiment = Experiment(dataset, split, model)
    effects = results.metrics(experiment, "reading")
    title = f"{results.models[model].title} on {results.datasets[dataset].title} ({split})"
    if len(effects) == 0:
        return empty(f"{title}: not available without log-probabilities under random tokens, two seeds at least", page)
    labels = [label for label in results.datasets[dataset].labels if label in set(effects["label"])]
    factor = scale(effects)
    scaled = f"; corpus × {factor:.2g}" if factor > 0 else ""
    above = _ABOVE + 0.16 * page.lines(f"{title}{scaled}")
    height = above + _BELOW + _ROW * len(labels)
    # Laid out by hand: solving for the places of so many panels takes longer than drawing them.
    places = {"left": 0.085, "right": 0.995, "bottom": _BELOW / height, "top": 1 - above / height, "wspace": 0.14, "hspace": 0.14}
    figure, panels = plt.subplots(
        len(labels),
        len(CONCEPTS),
        figsize=(page.width, height),
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
            for token, effect in own["effect"].dropna().items():
                behind = Utterances.of(experiment, condition=("correct", "0", "0"), token=f"{concept}={token}")
                says = f"{concept}={token} on {label}: {signed(effect, 2)}"
                lead_from_point(panels[row, column], own.index.get_loc(token), effect, says, behind)
        panels[row, 0].set_ylabel(wrapped(label, _ROW * 72, SMALL), fontsize=SMALL)
    for column, concept in enumerate(CONCEPTS):
        panels[0, column].set_title(concept.replace("_", " "), pad=3, fontsize=SMALL)
        tokens = [token.replace("_", " ").lower() for token in TOKENS[concept]]
        panels[-1, column].set_xticks(range(len(tokens)), tokens, rotation=90)
    figure.supylabel("effect on the log-odds of the label", fontsize=SMALL, x=0.005)
    page.title(figure, f"{title}{scaled}", y=1 - 0.05 / height)
    return figure


def scale(effects: pd.DataFrame) -> float:
    """Ratio of the sizes (root mean square) of the model's effects and of the corpus's, over tokens that have both; 0 without."""
    known = effects[effects["effect"].notna() & effects["corpus"].notna()]
    theirs = np.sqrt(np.square(known["corpus"]).mean()) if len(known) else 0.0
    ours = np.sqrt(np.square(known["effect"]).mean()) if len(known) else 0.0
    return float(ours / theirs) if theirs > 0 and ours > _NOTHING else 0.0


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
