"""Qwen2.5-Omni (Xu et al., 2025): the thinker, which generates text; the talker, which generates speech, is not loaded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from transformers import AutoTokenizer, PreTrainedModel, Qwen2_5OmniThinkerForConditionalGeneration, WhisperFeatureExtractor

from cuealign.config.entries.model import Model
from cuealign.core import audio as audio_module
from cuealign.core.registry import PluginOptions
from cuealign.models.base import PreparedAudio
from cuealign.models.huggingface import HuggingFaceFrontend, HuggingFaceModel, load_weights, origin
from cuealign.models.options import SECONDS, Seconds
from cuealign.models.transfer import to_device
from cuealign.models.whisper import token_counts
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template


class Options(PluginOptions):
    """Options of this backend."""

    system: str = Field(default="You are a helpful assistant.", description="System message.")
    seconds: Seconds = Field(default=30.0, description=SECONDS)


_TAGS = {"bos_": "<|audio_bos|>", "": "<|AUDIO|>", "eos_": "<|audio_eos|>"}


class Qwen25OmniFrontend(HuggingFaceFrontend):
    """Features and chat of Qwen2.5-Omni.

    The checkpoint's processor needs torchvision for images, which are not used here. So its tokenizer and feature extractor are
    called directly, and the chat is written as its template does.

    Args:
        tokenizer, extractor: of the checkpoint.
        system: system message.
        seconds: longest sound; the rest of a longer one is cut off. Clips are padded to it, rather than to the extractor's limit
            of 300 s.
    """

    def __init__(self, tokenizer: Any, extractor: WhisperFeatureExtractor, *, system: str, seconds: float) -> None:
        # The names come from the checkpoint's tokenizer, as in its processor.
        self.tags = [getattr(tokenizer, f"audio_{part}token", default) for part, default in _TAGS.items()]
        super().__init__(tokenizer, audio_token=self.tags[1], end_of_turn="<|im_end|>")
        self.extractor, self.system, self.samples = extractor, system, int(seconds * audio_module.RATE)

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        minimum = 8 * self.extractor.hop_length  # eight mel frames make two audio tokens
        if len(audio) < minimum:
            audio = np.pad(audio, (0, minimum - len(audio)))
        batch = self.extractor(
            audio[: self.samples],
            sampling_rate=audio_module.RATE,
            padding="max_length",
            max_length=self.samples,
            return_attention_mask=True,
            return_tensors="pt",
        )
        frames = int(batch["attention_mask"].sum())
        features = {"input_features": batch["input_features"][:, :, :frames]}
        return PreparedAudio(features, tokens=self.token_count(frames), truncated=len(audio) > self.samples)

    def token_count(self, frames: int) -> int:
        """Number of audio tokens of ``frames`` mel frames."""
        return int(token_counts(torch.tensor(frames)))

    def chat(self, prompt: str) -> str:
        system = f"<|im_start|>system\n{self.system}<|im_end|>\n" if self.system else ""
        return f"{system}<|im_start|>user\n{''.join(self.tags)}{prompt}<|im_end|>\n<|im_start|>assistant\n"


class Qwen25Omni(HuggingFaceModel):
    """A Qwen2.5-Omni checkpoint.

    The three axes of its rotary embedding have equal positions for text and audio, so one axis of position ids is enough.
    """

    def inputs(self, audios: Sequence[PreparedAudio]) -> dict[str, torch.Tensor]:
        features = [audio.features["input_features"][0] for audio in audios]
        longest = max(feature.shape[-1] for feature in features)
        padded = torch.stack([torch.nn.functional.pad(feature, (0, longest - feature.shape[-1])) for feature in features])
        lengths = torch.tensor([feature.shape[-1] for feature in features])
        mask = torch.arange(longest)[None] < lengths[:, None]
        return {
            "input_features": to_device(padded, self.device).to(self.dtype),
            "feature_attention_mask": to_device(mask.long(), self.device),
        }

    def encode(self, audios: Sequence[PreparedAudio]) -> torch.Tensor:
        return self.model.get_audio_features(**self.inputs(audios), return_dict=True).last_hidden_state


def load_thinker(
    weights: type[PreTrainedModel],
    frontend: type[Qwen25OmniFrontend],
    family: type[Qwen25Omni],
    entry: Model,
    name: str,
    options: PluginOptions,
) -> Qwen25Omni:
    """Load a checkpoint of the thinker, or the thinker of a full checkpoint, into transformers' class ``weights``."""
    source = origin(entry, name)
    tokenizer = AutoTokenizer.from_pretrained(source.place, **source.arguments)
    extractor = WhisperFeatureExtractor.from_pretrained(source.place, **source.arguments)
    model = load_weights(weights, source, entry)
    return family(
        model, frontend(tokenizer, extractor, **options.model_dump()), max_new_tokens=entry.max_new_tokens, fingerprint=source.fingerprint
    )


def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> Qwen25Omni:
    """Load a Qwen2.5-Omni checkpoint; see :mod:`cuealign.models.backends`."""
    return load_thinker(
        Qwen2_5OmniThinkerForConditionalGeneration, Qwen25OmniFrontend, Qwen25Omni, entry, name, Options.model_validate(entry.options)
    )
