"""Control listeners: scikit-learn's logistic regression on descriptors or on tokens."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field
from safetensors.numpy import save_file
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


class Options(PluginOptions):
    """Options of this recipe."""

    hears: Literal["audio", "cues"] = Field(description="Its input: only the audio, or only the cue block.")


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
    if options.hears == "audio":
        rows = progress(list(manifest.itertuples()), "listener: descriptors", unit="utterance")
        features = np.stack([audio_features(audio.read_utterance(row)) for row in rows])
        scaler = StandardScaler().fit(features)
        centre, scale = scaler.mean_, scaler.scale_
    else:
        features = np.stack([cue_features(row._asdict()) for row in tokens[list(CONCEPTS)].itertuples(index=False)])
        centre, scale = np.zeros(features.shape[1]), np.ones(features.shape[1])
    names = [label.name for label in labels]
    if absent := set(names) - set(manifest["label"]):
        raise InputError(f"the training split has no utterance with the label {', '.join(sorted(absent))}")
    model = LogisticRegression(C=0.3, max_iter=5000).fit((features - centre) / scale, manifest["label"])
    order = [list(model.classes_).index(name) for name in names]
    coefficients, intercepts = model.coef_, model.intercept_
    if len(names) == 2:  # with two classes, scikit-learn has one row: the log-odds of the second
        coefficients, intercepts = np.concatenate([-coefficients, coefficients]) / 2, np.concatenate([-intercepts, intercepts]) / 2

    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            "centre": centre,
            "scale": scale,
            "coefficients": np.ascontiguousarray(coefficients[order]),
            "intercepts": np.ascontiguousarray(intercepts[order]),
        },
        folder / "model.safetensors",
    )
    (folder / "config.json").write_text(json.dumps({"hears": options.hears, "labels": names}, indent=2) + "\n", encoding="utf-8")
