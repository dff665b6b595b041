"""Mixtures of the two control listeners: the ruler by which the weight of the cues in another model is read.

The log-probability of a label is (1 - w) times that of the listener to audio plus w times that of the listener to cues, each divided by
its temperature, and normalised again. The weight w of the cues is thus known, while an audio language model's is to be found out.

Without a cue block, the listener to cues gives the same scores to every utterance: what its intercepts say. They shift the
answers of the mixture as they are, weighted like the scores of a block.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.special import log_softmax

from cuealign.config.entries.model import Model
from cuealign.models.backends.listener import Listener, audio_features, cue_features
from cuealign.models.base import Request, Responder, Response
from cuealign.models.checkpoints import hash_folder, local_folder
from cuealign.models.failures import checkpoint_loader
from cuealign.models.finite import check_finite
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import PromptTemplate

KIND = "control"

HEARS = ("audio", "cues")
"""What the two listeners hear, and the names of their folders."""


def mix(audio: np.ndarray, cues: np.ndarray, weight: float) -> np.ndarray:
    """Mix calibrated scores and normalise them.

    Args:
        audio, cues: log-probabilities, each divided by its temperature, shape ``(labels,)``.
        weight: of the cues, in [0, 1].

    Returns:
        Log-probabilities, shape ``(labels,)``.
    """
    return log_softmax((1 - weight) * audio + weight * cues)


class Mixture(Responder):
    """Two listeners that answer together. It uses the audio and the cues, so a job checks that as of any other model.

    Args:
        folder: checkpoint.
        labels: in the order of the responses.
        template: reads the tokens from a prompt.
    """

    def __init__(self, folder: Path, labels: Sequence[Label], template: PromptTemplate) -> None:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.weight = settings["weight"]
        self.temperatures = {hears: settings["temperatures"][hears] for hears in HEARS}
        self.listeners = {hears: Listener(folder / hears, labels, template) for hears in HEARS}
        self.labels, self.template = list(labels), template
        self._fingerprint = hash_folder(folder)

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        for request in requests:
            heard = self._calibrated("audio", audio_features(request.load_audio()))
            yield [self._response(heard, prompt, request.utterance) for prompt in request.prompts]

    def _calibrated(self, hears: str, features: np.ndarray) -> np.ndarray:
        """Scores of a listener, divided by its temperature, shape ``(labels,)``."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # what is not finite stops the job
            return self.listeners[hears].logprobs(features) / self.temperatures[hears]

    def _response(self, heard: np.ndarray, prompt: str, utterance: str) -> Response:
        read = self._calibrated("cues", cue_features(self.template.cue_block.parse(prompt)))
        with np.errstate(invalid="ignore"):
            logprobs = mix(heard, read, self.weight)
        check_finite(logprobs.tolist(), utterance)
        return Response(self.labels[int(logprobs.argmax())].word, tuple(map(float, logprobs)), path="similarity")


@checkpoint_loader
def load(entry: Model, name: str, labels: Sequence[Label], template: PromptTemplate) -> Mixture:
    """Load a mixture; see :mod:`cuealign.models.backends`."""
    return Mixture(local_folder(entry.path, name), labels, template)
