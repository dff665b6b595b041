"""Control listeners: scikit-learn's logistic regression on descriptors or on tokens."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field
from safetensors.numpy import save_file
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS
from cuealign.models.backends.listener import audio_features, cue_features
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import PromptTemplate
from cuealign.runtime.progress import progress

Hears = Literal["audio", "cues"]
"""Input of a listener: only the audio, or only the cue block."""

Weights = dict[str, np.ndarray]
"""Of a listener: ``centre`` and ``scale`` of the features, ``coefficients`` (one row per label) and ``intercepts``."""


class Options(PluginOptions):
    """Options of this recipe."""

    hears: Hears = Field(description="Its input: only the audio, or only the cue block.")


def train(
    manifest: pd.DataFrame,
    tokens: pd.DataFrame,
    _template: PromptTemplate,
    labels: Sequence[Label],
    folder: Path,
    *,
    options: Options,
) -> None:
    """Train a listener and save it as safetensors with a ``config.json``. It does not use the template.

    Args:
        manifest: training utterances.
        tokens: their tokens, same order.
        labels: of the answers.
        folder: for the checkpoint.
        options: what the listener uses.

    Raises:
        InputError: if the training split lacks a label.
    """
    names = [label.name for label in labels]
    features = features_of(options.hears, manifest, tokens)
    save(fit(options.hears, features, manifest["label"], names), options.hears, names, folder)


def features_of(hears: Hears, manifest: pd.DataFrame, tokens: pd.DataFrame) -> np.ndarray:
    """What a listener hears of each training utterance, shape ``(utterances, features)``."""
    if hears == "audio":
        rows = progress(list(manifest.itertuples()), "listener: descriptors", unit="utterance")
        return np.stack([audio_features(audio.read_utterance(row)) for row in rows])
    return np.stack([cue_features(row._asdict()) for row in tokens[list(CONCEPTS)].itertuples(index=False)])


def fit(hears: Hears, features: np.ndarray, gold: pd.Series, names: Sequence[str]) -> Weights:
    """Fit a listener.

    Args:
        hears: its input; only descriptors are standardised.
        features: shape ``(utterances, features)``.
        gold: label of each utterance.
        names: of all labels, in the order of the weights.

    Raises:
        InputError: if there is no utterance with one of the labels.
    """
    if absent := set(names) - set(gold):
        raise InputError(f"the training split has no utterance with the label {', '.join(sorted(absent))}")
    centre, scale = np.zeros(features.shape[1]), np.ones(features.shape[1])
    if hears == "audio":
        scaler = StandardScaler().fit(features)
        centre, scale = scaler.mean_, scaler.scale_
    model = LogisticRegression(C=0.3, max_iter=5000).fit((features - centre) / scale, gold)
    order = [list(model.classes_).index(name) for name in names]
    coefficients, intercepts = model.coef_, model.intercept_
    if len(names) == 2:  # with two classes, scikit-learn has one row: the log-odds of the second
        coefficients, intercepts = np.concatenate([-coefficients, coefficients]) / 2, np.concatenate([-intercepts, intercepts]) / 2
    return {
        "centre": centre,
        "scale": scale,
        "coefficients": np.ascontiguousarray(coefficients[order]),
        "intercepts": np.ascontiguousarray(intercepts[order]),
    }


def scores(weights: Weights, features: np.ndarray) -> np.ndarray:
    """Log-probabilities that a listener gives the labels, shape ``(utterances, labels)``."""
    standardised = (features - weights["centre"]) / weights["scale"]
    return log_softmax(standardised @ weights["coefficients"].T + weights["intercepts"], axis=1)


def save(weights: Weights, hears: Hears, names: Sequence[str], folder: Path) -> None:
    """Write a listener into a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"hears": hears, "labels": list(names)}, indent=2) + "\n", encoding="utf-8")
