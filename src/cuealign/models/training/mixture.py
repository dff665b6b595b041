"""Mixtures of the two control listeners: both are trained on one split and calibrated on another.

The temperatures are fitted to the labels of the split on which the mixture is to be a ruler. A model must not learn from the labels
that it is tested on, but a ruler is graduated on what it measures: on speakers that it has not heard, a listener may be far more sure
than it is right, and its log-probabilities are then no evidence yet.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field

from cuealign.core.calibration import temperature
from cuealign.core.registry import PluginOptions
from cuealign.models.backends.mixture import HEARS
from cuealign.models.training import listener
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import PromptTemplate

CALIBRATES = True


class Options(PluginOptions):
    """Options of this recipe."""

    weight: float = Field(gt=0, lt=1, description="Weight of the listener to cues, above 0 and below 1; the other has the rest.")


def train(
    manifest: pd.DataFrame,
    tokens: pd.DataFrame,
    _template: PromptTemplate,
    labels: Sequence[Label],
    folder: Path,
    *,
    options: Options,
    calibration: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    """Train and calibrate both listeners, and save them with the weight and the temperatures.

    The folder holds a listener each in ``audio`` and ``cues``, and a ``config.json``. The template is not used.

    Args:
        manifest: training utterances.
        tokens: their tokens, same order.
        labels: of the answers.
        folder: for the checkpoint.
        options: the weight.
        calibration: utterances and tokens of the split whose labels set the temperatures.

    Raises:
        InputError: if the training split lacks a label.
    """
    names, found = [label.name for label in labels], {}
    heard, read = calibration
    gold = pd.Index(names).get_indexer(heard["label"])
    for hears in HEARS:
        weights = listener.fit(hears, listener.features_of(hears, manifest, tokens), manifest["label"], names)
        listener.save(weights, hears, names, folder / hears)
        found[hears] = temperature(listener.scores(weights, listener.features_of(hears, heard, read)), gold)
    settings = {"weight": options.weight, "temperatures": found}
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
