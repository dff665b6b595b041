"""Mixtures of the two control listeners: both are trained and calibrated on the training split.

A listener is too sure of the utterances that it was fitted to. Its temperature therefore comes from answers to speakers on whom it was
not trained: the speakers are dealt out to folds, and each fold is answered by a listener that was fitted to the others.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from cuealign.core.calibration import temperature
from cuealign.core.errors import InputError
from cuealign.core.registry import PluginOptions
from cuealign.models.backends.mixture import HEARS
from cuealign.models.training import listener
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import PromptTemplate

FOLDS = 12
"""Of the cross-fitting: one speaker each if there are no more speakers than that."""


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
) -> None:
    """Train and calibrate both listeners, and save them with the weight and the temperatures.

    The folder holds a listener each in ``audio`` and ``cues``, and a ``config.json``. The template is not used.

    Args:
        manifest: training utterances.
        tokens: their tokens, same order.
        labels: of the answers.
        folder: for the checkpoint.
        options: the weight.

    Raises:
        InputError: if the training split has a single speaker, or lacks a label, as a whole or without some speakers.
    """
    names, found = [label.name for label in labels], {}
    for hears in HEARS:
        features = listener.features_of(hears, manifest, tokens)
        listener.save(listener.fit(hears, features, manifest["label"], names), hears, names, folder / hears)
        unseen = scores_of_unseen_speakers(hears, features, manifest, names)
        found[hears] = temperature(unseen, pd.Index(names).get_indexer(manifest["label"]))
    settings = {"weight": options.weight, "temperatures": found}
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def scores_of_unseen_speakers(hears: listener.Hears, features: np.ndarray, manifest: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Log-probabilities of the labels, each utterance answered by a listener that was fitted without its speaker.

    Args:
        hears: input of the listener.
        features: of the utterances, shape ``(utterances, features)``.
        manifest: columns ``speaker`` and ``label``, same order.
        names: of the labels.

    Returns:
        Shape ``(utterances, labels)``.

    Raises:
        InputError: if there is a single speaker, or only the speakers of one fold have one of the labels.
    """
    speakers, member = np.unique(manifest["speaker"].to_numpy(dtype=str), return_inverse=True)
    if len(speakers) < 2:
        raise InputError("the training split has one speaker; a mixture needs two, since it is calibrated on speakers it has not heard")
    fold, result = member % FOLDS, np.empty((len(manifest), len(names)))
    for number in np.unique(fold):
        own = fold == number
        where = f"the training split without {', '.join(speakers[number::FOLDS])}"
        weights = listener.fit(hears, features[~own], manifest["label"][~own], names, where)
        result[own] = listener.scores(weights, features[own])
    return result
