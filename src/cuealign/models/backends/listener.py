"""Control listeners: reference results for ignoring the cues and for following them blindly.

``hears: audio`` is a linear classifier on descriptor means of the samples; it never uses the prompt. ``hears: cues`` is a linear
classifier on the six tokens of the cue block; it never uses the audio, and without a cue block, or with a blank one, gives the same
answer to every utterance. Both get the same prompts and interventions as an audio language model.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from scipy.special import log_softmax

from cuealign.config.entries.model import Model
from cuealign.core.errors import ModelError
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS, is_blank_word
from cuealign.cues.descriptor_store import descriptors_of
from cuealign.models.base import Request, Responder, Response
from cuealign.models.checkpoints import hash_folder, local_folder
from cuealign.models.failures import checkpoint_loader
from cuealign.models.finite import check_finite
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import PromptTemplate

KIND = "control"

ONE_HOT: tuple[tuple[str, str], ...] = tuple(
    (concept, token) for concept in CONCEPTS for token in (*TOKENS[concept], *((UNVOICED,) if concept in VOICED_CONCEPTS else ()))
)
"""Features of the listener to cues: one per concept and token."""


_HEARD = 26
"""Features of the listener to audio."""


def audio_features(samples: np.ndarray) -> np.ndarray:
    """The 25 descriptor means and the share of voiced frames, shape ``(26,)``; 0 for means without a voiced frame."""
    return np.nan_to_num(descriptors_of(samples)[:_HEARD], nan=0.0)


def cue_features(tokens: dict[str, str] | None) -> np.ndarray:
    """One-hot coding of six tokens, shape ``(33,)``; all zeros without a cue block.

    A word that says nothing counts as the mean over the five tokens of its concept, UNVOICED not among them.
    """
    if tokens is None:
        return np.zeros(len(ONE_HOT))
    return np.array([_said(tokens[concept], concept, token) for concept, token in ONE_HOT])


def _said(word: str, concept: str, token: str) -> float:
    """How much of a token of a concept a word says, in [0, 1]."""
    if is_blank_word(word):
        return float(token != UNVOICED) / len(TOKENS[concept])
    return float(word == token)


class Listener(Responder):
    """A linear classifier in place of a language model.

    Args:
        folder: checkpoint.
        labels: in the order of the responses.
        template: reads the tokens from a prompt.
    """

    control = True

    def __init__(self, folder: Path, labels: Sequence[Label], template: PromptTemplate) -> None:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        missing = [label.name for label in labels if label.name not in settings["labels"]]
        if missing:
            raise ModelError(f"{folder}: trained without the labels {', '.join(missing)}; train it on a dataset that has them")
        order = [settings["labels"].index(label.name) for label in labels]
        weights = load_file(folder / "model.safetensors")
        _check(weights, settings, folder)
        self.hears, self.labels, self.template = settings["hears"], list(labels), template
        self.centre, self.scale = weights["centre"], weights["scale"]
        self.coefficients, self.intercepts = weights["coefficients"][order], weights["intercepts"][order]
        self._fingerprint = hash_folder(folder)

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def logprobs(self, features: np.ndarray) -> np.ndarray:
        """Log-probabilities of the labels, shape ``(labels,)``."""
        return log_softmax(self.coefficients @ ((features - self.centre) / self.scale) + self.intercepts)

    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        for request in requests:
            if self.hears == "audio":
                answers = [self._response(audio_features(request.load_audio()), request.utterance)] * len(request.prompts)
            else:
                answers = [
                    self._response(cue_features(self.template.cue_block.parse(prompt)), request.utterance) for prompt in request.prompts
                ]
            yield answers

    def _response(self, features: np.ndarray, utterance: str) -> Response:
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # what is not finite stops the job
            logprobs = self.logprobs(features)
        check_finite(logprobs.tolist(), utterance)
        return Response(self.labels[int(logprobs.argmax())].word, tuple(map(float, logprobs)), path="similarity")


def _check(weights: dict[str, np.ndarray], settings: dict[str, Any], folder: Path) -> None:
    """Refuse weights of another shape than the settings beside them say, such as those of the other listener."""
    features, labels = {"audio": _HEARD, "cues": len(ONE_HOT)}.get(settings["hears"]), len(settings["labels"])
    wanted = {"centre": (features,), "scale": (features,), "coefficients": (labels, features), "intercepts": (labels,)}
    found = {name: weights[name].shape for name in sorted(weights)}
    if found != wanted:
        what = f"a listener to {settings['hears']} with {labels} labels"
        raise ModelError(f"{folder / 'model.safetensors'}: holds {found}, which is not {what}, as config.json beside it says")


@checkpoint_loader
def load(entry: Model, name: str, labels: Sequence[Label], template: PromptTemplate) -> Listener:
    """Load a listener; see :mod:`cuealign.models.backends`."""
    return Listener(local_folder(entry.path, name), labels, template)
