"""The interfaces between a sweep and the models that answer it.

A :class:`Responder` answers all prompts of an utterance. Systems without a language model (control listeners, contrastive
models) implement it themselves. An audio language model implements :class:`CausalModel` instead; an engine of
:mod:`cuealign.inference` turns it into a responder.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cuealign.core import audio as audio_module


@dataclass(frozen=True)
class Request:
    """The distinct prompts for one utterance.

    Attributes:
        utterance: id, for messages.
        audio: mono float32 samples at 16 kHz, shape ``(n,)``; or a function that reads them at a ``rate`` (Hz, by default 16
            kHz), so that a sound is not read before it is needed.
        prompts: distinct texts.
    """

    utterance: str
    audio: np.ndarray | Callable[..., np.ndarray]
    prompts: tuple[str, ...]

    def load_audio(self, rate: int = audio_module.RATE) -> np.ndarray:
        """Mono float32 samples at ``rate`` (Hz), shape ``(n,)``."""
        if callable(self.audio):
            return self.audio() if rate == audio_module.RATE else self.audio(rate=rate)
        return audio_module.resample(self.audio, audio_module.RATE, rate)


@dataclass(frozen=True)
class Response:
    """The response of a model to one prompt.

    Attributes:
        answer: text without special tokens; of a model that reasons first, the final answer only.
        label_logprobs: natural logarithm of the probability of each label's full answer, shape ``(labels,)``.
        path: how the answer was found. ``label``: the greedy path is a label's token sequence; ``expected``: it is another answer
            in the tree; ``decoded``: it left the tree and was decoded; ``generate``: by the reference engine; ``similarity``: by a
            system without a language model.
        reasoning: text before the final answer, of a model that reasons first; otherwise empty.
        answer_tokens: number of generated tokens, end of turn included.
        prompt_tokens: number of tokens of the prompt, audio included.
        audio_tokens: number of them that stand for audio.
        audio_truncated: True if the model's audio limit cut the utterance.
        cut: True if the limit of tokens cut the answer, which is then no answer.
    """

    answer: str
    label_logprobs: tuple[float, ...]
    path: str
    reasoning: str = ""
    answer_tokens: int = 0
    prompt_tokens: int = 0
    audio_tokens: int = 0
    audio_truncated: bool = False
    cut: bool = False


class Responder(ABC):
    """Answers requests."""

    control: bool = False
    """True for a control listener, which ignores the audio or the cues on purpose."""

    between_packs: bool = True
    """True unless the request answered last shares a pass with the next one: then, rounding depends on both."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Identifies the weights (their hash, or repository and commit) and the dtype; does not include the backend's options."""

    @abstractmethod
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        """Yield the responses to each request's prompts, in order.

        Raises:
            ModelError: if an output is unusable, with the utterance. Nothing is replaced or skipped.
        """


@dataclass(frozen=True)
class PreparedAudio:
    """Features of one utterance, as the model takes them.

    Attributes:
        features: arrays or tensors by name, as the family needs them.
        tokens: number of audio tokens in the prompt.
        truncated: True if the model's limit cut the utterance.
    """

    features: dict[str, Any]
    tokens: int
    truncated: bool


class Frontend(ABC):
    """Input and output of a family's models: audio features, chat template, placeholders, answers.

    Works on the CPU. Several threads may call it at the same time.
    """

    end_of_turn: int
    """Id of the token that ends an answer. Where a checkpoint has several (:attr:`CausalModel.ends`), this one stands for all."""

    audio_token: int
    """Id of the placeholder of one audio token."""

    @abstractmethod
    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        """Compute the audio features of one utterance."""

    @abstractmethod
    def tokenise(self, prompt: str, audio_tokens: int) -> list[int]:
        """Ids of the chat with one audio and ``prompt``, up to the start of the answer, with ``audio_tokens`` placeholders."""

    @abstractmethod
    def answer_ids(self, word: str) -> list[int]:
        """Ids of an answer that consists of ``word``, end of turn included."""

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Text of generated ids, without special tokens."""

    def read(self, ids: Sequence[int]) -> tuple[str, str]:
        """Reasoning (empty unless the model reasons first) and answer of generated ids."""
        return "", self.decode(ids)


class CausalModel(ABC):
    """An audio language model: a causal transformer over text and audio embeddings.

    Implementations know the family; engines decide what is computed for a request. Tensors are ``torch.Tensor``; this module
    does not import torch, so that it loads fast.
    """

    frontend: Frontend

    device: Any
    """Torch device of the weights."""

    max_new_tokens: int
    """Limit of a decoded answer."""

    tokens_run: int
    """Number of tokens that the language model has processed so far."""

    ends: tuple[int, ...]
    """Ids that end an answer, :attr:`Frontend.end_of_turn` among them."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """As :attr:`Responder.fingerprint`."""

    @property
    @abstractmethod
    def cache_bytes_per_token(self) -> int:
        """Memory (bytes) of the keys and values of one token, in all layers."""

    @property
    @abstractmethod
    def flop_per_token(self) -> float:
        """Floating-point operations per token of the language model's matrix products, without output layer and attention."""

    @abstractmethod
    def compile(self) -> None:
        """Compile the layers for packed passes, from the next pass on."""

    @abstractmethod
    def encode(self, audios: Sequence[PreparedAudio]) -> Any:
        """Embeddings of the audio tokens of several utterances, concatenated, shape ``(tokens, hidden)``."""

    @abstractmethod
    def embed_text(self, ids: Any) -> Any:
        """Input embeddings of text ids, shape ``(*ids.shape, hidden)``."""

    @abstractmethod
    def forward(self, embeddings: Any, *, mask: Any = None, positions: Any = None, cache: Any = None) -> Any:
        """Run the language model.

        Args:
            embeddings: shape ``(batch, length, hidden)``.
            mask: None for causal attention; or which token attends to which, boolean, shape
                ``(batch, 1, length, past + length)``; or the same as a block mask of FlexAttention.
            positions: position ids, shape ``(batch, length)``; None for those that follow the cache.
            cache: key-value cache, extended in place; or access to pages (:mod:`cuealign.models.paged`): a reading with a mask, or a
                step of rows without one.

        Returns:
            Final hidden states, shape ``(batch, length, hidden)``.
        """

    @abstractmethod
    def new_cache(self) -> Any:
        """An empty key-value cache."""

    @abstractmethod
    def new_pages(self, count: int) -> Any:
        """A pool of ``count`` pages for keys and values; see :mod:`cuealign.models.paged`."""

    @abstractmethod
    def logits(self, hidden: Any) -> Any:
        """float32 logits of hidden states, shape ``(…, vocabulary)``."""

    @abstractmethod
    def generate(self, ids: Sequence[int], audio: PreparedAudio) -> list[int]:
        """Greedy answer to one prompt by the family's own ``generate``, for the reference engine: new ids only.

        Any of :attr:`ends` at its end is replaced by :attr:`Frontend.end_of_turn`.
        """

    @abstractmethod
    def full_logits(self, ids: Sequence[int], audio: PreparedAudio) -> Any:
        """float32 logits at every position by the family's own forward, for the reference engine, shape ``(length, vocabulary)``."""
