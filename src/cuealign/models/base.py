"""The small interfaces between a sweep and the models that answer it.

A :class:`Responder` answers all prompts of an utterance. Systems that need no language model (the
control listeners, contrastive models) implement it themselves. An audio language model implements
:class:`CausalModel` instead, and an engine of :mod:`cuealign.inference` turns it into a responder.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cuealign.core import audio as audio_module


@dataclass(frozen=True)
class Label:
    """A label and the word by which a model answers it."""

    name: str
    word: str


@dataclass(frozen=True)
class Request:
    """The distinct prompts put to one utterance.

    Attributes:
        utterance: its id, for messages.
        audio: mono float32 samples at 16 kHz, shape ``(n,)``, or a function that reads them, also at another ``rate``, so
            that they are read when their turn comes, and by the process that needs them.
        prompts: distinct texts.
    """

    utterance: str
    audio: np.ndarray | Callable[..., np.ndarray]
    prompts: tuple[str, ...]

    def load_audio(self, rate: int = audio_module.RATE) -> np.ndarray:
        """The samples, at a sampling rate in Hz."""
        if callable(self.audio):
            return self.audio() if rate == audio_module.RATE else self.audio(rate=rate)
        return audio_module.resample(self.audio, audio_module.RATE, rate)


@dataclass(frozen=True)
class Response:
    """What a model said to one prompt.

    Attributes:
        answer: text, special tokens left out; of a model that thinks first, the final answer alone.
        label_logprobs: natural logarithm of the probability of each label's full answer, shape ``(labels,)``.
        path: how the answer was found: ``label`` (the greedy path is a label's token sequence), ``expected`` (that of
            another answer in the tree), ``decoded`` (it left both and was decoded on), ``generate``
            (reference path) or ``similarity``.
        reasoning: what a model that thinks first said before its final answer; empty for others.
        answer_tokens: tokens generated, end of turn included.
        prompt_tokens: tokens of the prompt, audio included.
        audio_tokens: how many of them stand for audio.
        audio_truncated: True if the model's audio limit cut the utterance.
    """

    answer: str
    label_logprobs: tuple[float, ...]
    path: str
    reasoning: str = ""
    answer_tokens: int = 0
    prompt_tokens: int = 0
    audio_tokens: int = 0
    audio_truncated: bool = False


class Responder(ABC):
    """Answers requests."""

    control: bool = False
    """True of a system that is deaf to the audio or to the cues on purpose."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Of the weights: their hash, or where they come from at which commit; and the dtype. The backend's options are no part."""

    @abstractmethod
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        """Yield the responses to each request's prompts, in order.

        Raises:
            ModelError: if output cannot be used (naming the utterance); nothing is replaced or skipped.
        """


@dataclass(frozen=True)
class PreparedAudio:
    """Features of one utterance, ready for the model.

    Attributes:
        features: arrays or tensors as the family needs them.
        tokens: number of audio tokens in the prompt.
        truncated: True if the model's limit cut the utterance.
    """

    features: dict[str, Any]
    tokens: int
    truncated: bool


class Frontend(ABC):
    """What a family does before and after its weights: audio features, chat template, placeholders, answers.

    Works on the CPU, in several threads at a time.
    """

    end_of_turn: int
    """Id of the token that ends an answer."""

    audio_token: int
    """Id of the placeholder of one audio token."""

    @abstractmethod
    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        """Compute the audio features of one utterance."""

    @abstractmethod
    def tokenise(self, prompt: str, audio_tokens: int) -> list[int]:
        """Ids of the chat with one audio and ``prompt``, up to where the answer starts, placeholders expanded."""

    @abstractmethod
    def answer_ids(self, word: str) -> list[int]:
        """Ids of an answer that consists of ``word``, end of turn included."""

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Text of generated ids, special tokens left out."""

    def read(self, ids: Sequence[int]) -> tuple[str, str]:
        """Reasoning, if the model thinks first, and answer of generated ids."""
        return "", self.decode(ids)


class CausalModel(ABC):
    """An audio language model: a causal transformer over text and audio embeddings.

    Implementations hold the family's knowledge, engines the arithmetic of requests. Tensors are
    ``torch.Tensor``; this module does not import torch, so that listing models stays cheap.
    """

    frontend: Frontend

    device: Any
    """Torch device of the weights."""

    max_new_tokens: int
    """Limit of a decoded answer."""

    tokens_run: int
    """Tokens that the language model was run on so far, by whichever path."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """As :attr:`Responder.fingerprint`."""

    @property
    @abstractmethod
    def cache_bytes_per_token(self) -> int:
        """Memory of the keys and values of one token, in all layers."""

    @property
    @abstractmethod
    def flop_per_token(self) -> float:
        """Floating-point operations of the language model's matrix products per token, output layer and attention left out."""

    @abstractmethod
    def compile(self) -> None:
        """Have what a packed pass runs compiled, from the next pass on."""

    @abstractmethod
    def encode(self, audios: Sequence[PreparedAudio]) -> Any:
        """Embeddings of the audio tokens of several utterances, one after the other, shape ``(tokens, hidden)``."""

    @abstractmethod
    def embed_text(self, ids: Any) -> Any:
        """Input embeddings of text ids, shape ``(*ids.shape, hidden)``."""

    @abstractmethod
    def forward(self, embeddings: Any, *, mask: Any = None, positions: Any = None, cache: Any = None) -> Any:
        """Run the language model.

        Args:
            embeddings: shape ``(batch, length, hidden)``.
            mask: None for plain causal attention; what each token sees, boolean, shape ``(batch, 1, length, past + length)``;
                or FlexAttention's block mask of the same.
            positions: position ids, shape ``(batch, length)``; None counts on from the cache.
            cache: key-value cache, extended in place.

        Returns:
            Final hidden states, shape ``(batch, length, hidden)``.
        """

    @abstractmethod
    def new_cache(self) -> Any:
        """An empty key-value cache."""

    @abstractmethod
    def logits(self, hidden: Any) -> Any:
        """float32 logits of hidden states, shape ``(…, vocabulary)``."""

    @abstractmethod
    def generate(self, ids: Sequence[int], audio: PreparedAudio) -> list[int]:
        """Greedy answer to one prompt by the family's own ``generate``; new ids only. The reference path."""

    @abstractmethod
    def full_logits(self, ids: Sequence[int], audio: PreparedAudio) -> Any:
        """float32 logits at every position by the family's own forward, shape ``(length, vocabulary)``. The reference path."""
