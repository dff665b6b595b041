"""An audio language model as a job asks it. Systems without a language model answer by themselves.

What a language model needs imports torch and transformers, which takes seconds. It is loaded where a language model is asked, and
nowhere else.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cuealign.config.entries.model import Model
from cuealign.core.errors import ModelError
from cuealign.inference import LANGUAGE_MODEL
from cuealign.models.base import CausalModel, Request, Responder
from cuealign.prompts.labels import Label


class AskedModel(ABC):
    """A language model with the engine that answers for it."""

    engine: Responder
    """Answers with the model."""

    tokens_run: int
    """Number of tokens that the model has processed so far."""

    @abstractmethod
    def check_words(self, parse: Callable[[str], str]) -> None:
        """Check that an answer which consists of a label's word is read as that label.

        Raises:
            ModelError: lists the labels whose answers would never count.
        """

    @abstractmethod
    def prepare(self, tried: Sequence[Request], few: Callable[[], Sequence[Request]]) -> None:
        """Check model and engine before a sweep, and learn how the model words its answers.

        Args:
            tried: requests of the sweep, for the checks.
            few: gives requests to learn from, the same ones in all jobs of a split.

        Raises:
            ModelError: with every check that failed, the utterance and the values.
        """

    @abstractmethod
    def figures(self, seconds: float, tokens: int) -> dict[str, Any]:
        """Figures of a job that ran ``tokens`` in ``seconds``.

        Returns:
            ``engine``, ``device``, ``tokens`` and ``tflop``. On a GPU also its name, its peak memory (GB), the measured speed limit of
            matrix products, and the share of it that was reached.
        """

    @abstractmethod
    def noise(self, requests: Callable[[], Sequence[Request]], *, store: Path, settings: str) -> dict[str, float]:
        """The noise floor, measured once for the same model and settings; see :mod:`cuealign.inference.noise`.

        Args:
            requests: gives requests of the split to ask again.
            store: folder in which it is kept.
            settings: what responses depend on besides audio, prompt and weights.
        """

    @abstractmethod
    def as_asked(self, prompt: str) -> str:
        """A prompt as the model gets it: with the chat around it, if the family's chat is text."""


def asked_model(loaded: Responder | CausalModel, entry: Model, labels: Sequence[Label]) -> AskedModel | None:
    """The language model of what a backend has loaded; None if it answers by itself.

    Args:
        loaded: by the backend.
        entry: of the model in the config; ``entry.device`` is the device to use.
        labels: in the order of the log-probabilities.

    Raises:
        ModelError: if the backend's ``KIND`` says that it has none.
    """
    if isinstance(loaded, Responder):
        return None
    if entry.kind != "alm":
        raise ModelError(f"backend {entry.backend}: loads an audio language model, but its KIND is {entry.kind!r}; leave out KIND")
    return importlib.import_module(LANGUAGE_MODEL).LanguageModel(loaded, entry, labels)
