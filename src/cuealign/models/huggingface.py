"""Base classes for audio language models of transformers: tokenizer, chat, audio encoder, causal decoder.

A family adds the computation of audio features, the call of its encoder and the format of its chat.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch.nn.attention.flex_attention import BlockMask
from transformers import DynamicCache, GenerationConfig, PreTrainedModel

from cuealign.core.errors import ModelError
from cuealign.models.base import CausalModel, Frontend, PreparedAudio
from cuealign.models.loading import take_ends
from cuealign.models.paged import NAME, Pages, Reading, Step
from cuealign.models.precision import disable_tf32

_PROMPTS_KEPT = 16_384
"""Prompts whose token ids are kept: many utterances share one, since cue blocks repeat. A few dozen megabytes at most."""


class HuggingFaceFrontend(Frontend):
    """Tokenizer and chat of a checkpoint.

    Args:
        tokenizer: of the checkpoint.
        audio_token: placeholder of one audio token.
        end_of_turn: token that ends an answer.
    """

    def __init__(self, tokenizer: Any, *, audio_token: str, end_of_turn: str) -> None:
        self.tokenizer = tokenizer
        self.end_of_turn = self._special(end_of_turn)
        self.audio_token = self._special(audio_token)
        self._around_audio = lru_cache(maxsize=_PROMPTS_KEPT)(self._split_at_audio)

    def _special(self, token: str) -> int:
        index = self.tokenizer.convert_tokens_to_ids(token)
        if index is None or index == self.tokenizer.unk_token_id:
            raise ModelError(f"the tokenizer has no token {token!r}; does the checkpoint belong to the backend in the config?")
        return index

    @abstractmethod
    def chat(self, prompt: str) -> str:
        """The chat with one audio placeholder and ``prompt``, up to the start of the answer."""

    def chat_ids(self, prompt: str) -> list[int]:
        """Token ids of :meth:`chat`, with one audio placeholder."""
        return self.tokenizer(self.chat(prompt), add_special_tokens=False)["input_ids"]

    def tokenise(self, prompt: str, audio_tokens: int) -> list[int]:
        before, after = self._around_audio(prompt)
        return [*before, *[self.audio_token] * audio_tokens, *after]

    def _split_at_audio(self, prompt: str) -> tuple[list[int], list[int]]:
        """Token ids of the chat before and after its audio placeholder."""
        ids = self.chat_ids(prompt)
        place = [position for position, token in enumerate(ids) if token == self.audio_token]
        if len(place) != 1:
            raise ModelError(f"the chat gives {len(place)} audio placeholders instead of 1")
        return ids[: place[0]], ids[place[0] + 1 :]

    def answer_ids(self, word: str) -> list[int]:
        return [*self.tokenizer(word, add_special_tokens=False)["input_ids"], self.end_of_turn]

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=True).strip()

    def read(self, ids: Sequence[int]) -> tuple[str, str]:
        """Reasoning in ``<think>`` and the answer behind it, of any model; a thought without an end has no answer."""
        opened, closed = (self._marker(marker) for marker in ("<think>", "</think>"))
        if closed in ids:  # where the markers are special tokens, the text does not have them
            place = len(ids) - list(ids)[::-1].index(closed)
            return without_markers(self.decode(ids[:place])), self.decode(ids[place:])
        text = self.decode(ids)
        before, end, after = text.rpartition("</think>")
        if end:
            return without_markers(before), after.strip()
        if "<think>" in text or (opened is not None and opened in ids):
            return without_markers(text), ""
        return "", text

    def _marker(self, token: str) -> int | None:
        """Id of a marker that the tokenizer has as one token, else None."""
        index = self.tokenizer.convert_tokens_to_ids(token)
        return None if index == self.tokenizer.unk_token_id else index


class IdsFrontend(HuggingFaceFrontend):
    """Frontend of a family whose chat cannot be written as text.

    Its control tokens have no text that the tokenizer reads back, so its processor or its tokenizer gives the chat as ids.
    """

    @abstractmethod
    def chat_ids(self, prompt: str) -> list[int]:
        """Token ids of the chat with one audio placeholder and ``prompt``, up to the start of the answer."""

    def chat(self, prompt: str) -> str:
        """The chat as text, for people."""
        return self.tokenizer.decode(self.chat_ids(prompt))


def without_markers(text: str) -> str:
    """A thought without the markers around it."""
    return text.replace("<think>", "").replace("</think>", "").strip()


class HuggingFaceModel(CausalModel):
    """A model of transformers with an audio encoder and a causal language model.

    Args:
        model: the family's class for conditional generation, on its device.
        frontend: of the same checkpoint.
        max_new_tokens: limit of a decoded answer.
        fingerprint: of weights and dtype.
    """

    def __init__(self, model: PreTrainedModel, frontend: HuggingFaceFrontend, *, max_new_tokens: int, fingerprint: str) -> None:
        self.model = model.eval().requires_grad_(False)
        self.frontend, self.max_new_tokens = frontend, max_new_tokens
        self.ends = take_ends(model, frontend.end_of_turn)
        self.device, self.dtype = model.device, model.dtype
        self.tokens_run = 0
        self._fingerprint = fingerprint
        # cuDNN plans every new shape, which takes a second, and nearly every shape is new here.
        torch.backends.cuda.enable_cudnn_sdp(False)
        disable_tf32()

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def language_model(self) -> PreTrainedModel:
        """The causal transformer without its output layer."""
        return self.model.model.language_model

    @property
    def _cached(self) -> dict[str, int]:
        """Sizes of the keys and values of a token: in all layers, and of how many heads of which width."""
        config = self.language_model.config
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return {"layers": config.num_hidden_layers, "heads": config.num_key_value_heads, "width": width}

    @property
    def cache_bytes_per_token(self) -> int:
        return 2 * math.prod(self._cached.values()) * self.dtype.itemsize

    @property
    def flop_per_token(self) -> float:
        return 2.0 * sum(parameter.numel() for parameter in self.language_model.layers.parameters())

    def compile(self) -> None:
        """Compile the language model's layers for passes with a block mask: one graph for all layers and lengths."""
        for layer in self.language_model.layers:
            layer.compile(dynamic=True)

    # ---------------------------------------------------------------- steps, for the engines

    @abstractmethod
    def inputs(self, audios: Sequence[PreparedAudio]) -> dict[str, torch.Tensor]:
        """Audio inputs of the model's own forward for a batch of utterances, on its device."""

    def embed_text(self, ids: torch.Tensor) -> torch.Tensor:
        return self.model.get_input_embeddings()(ids)

    def new_cache(self) -> DynamicCache:
        return DynamicCache()

    def new_pages(self, count: int) -> Pages:
        return Pages(count, **self._cached, dtype=self.dtype, device=self.device)

    def forward(
        self,
        embeddings: torch.Tensor,
        *,
        mask: torch.Tensor | BlockMask | None = None,
        positions: torch.Tensor | None = None,
        cache: Any = None,
    ) -> torch.Tensor:
        # transformers reads the kind of attention from the config at each call, and uses a four-dimensional mask unchanged.
        self.tokens_run += embeddings.shape[0] * embeddings.shape[1]
        if isinstance(cache, Reading | Step):
            self.language_model.config._attn_implementation = NAME
            with torch.compiler.set_stance("force_eager"):
                return self.language_model(
                    inputs_embeds=embeddings, attention_mask=mask, position_ids=positions, use_cache=False, paged=cache
                ).last_hidden_state
        packed = isinstance(mask, BlockMask)
        self.language_model.config._attn_implementation = "flex_attention" if packed else "sdpa"
        # Only packed passes are compiled.
        with torch.compiler.set_stance("default" if packed else "force_eager"):
            return self.language_model(
                inputs_embeds=embeddings,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=cache is not None,
            ).last_hidden_state

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.model.lm_head(hidden).float()

    # ---------------------------------------------------------------- whole model, for the reference engine

    def generate(self, ids: Sequence[int], audio: PreparedAudio) -> list[int]:
        tokens = torch.tensor([list(ids)], device=self.device)
        end = self.frontend.end_of_turn
        greedy = GenerationConfig(
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            max_new_tokens=self.max_new_tokens,
            eos_token_id=list(self.ends),
            pad_token_id=end,
        )
        self.language_model.config._attn_implementation = "sdpa"
        with torch.compiler.set_stance("force_eager"):
            output = self.model.generate(
                input_ids=tokens, attention_mask=torch.ones_like(tokens), generation_config=greedy, **self.inputs([audio])
            )
        answer = self.new_tokens(output[0], tokens[0])
        self.tokens_run += len(ids) + len(answer) - 1
        return [*answer[:-1], end] if answer and answer[-1] in self.ends else answer

    def new_tokens(self, output: torch.Tensor, prompt: torch.Tensor) -> list[int]:
        """The answer in what ``generate`` returned."""
        return output[len(prompt) :].tolist()

    def full_logits(self, ids: Sequence[int], audio: PreparedAudio) -> torch.Tensor:
        tokens = torch.tensor([list(ids)], device=self.device)
        self.language_model.config._attn_implementation = "sdpa"
        with torch.compiler.set_stance("force_eager"):
            output = self.model(input_ids=tokens, attention_mask=torch.ones_like(tokens), **self.inputs([audio]))
        self.tokens_run += tokens.shape[1]
        return output.logits[0].float()
