"""Qwen2.5-Omni (Xu et al., 2025): the thinker, which generates text; the talker, which generates speech, is not loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from transformers import (
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2_5OmniThinkerForConditionalGeneration,
    WhisperFeatureExtractor,
)

from cuealign.config.entries.model import Model
from cuealign.core import audio as audio_module
from cuealign.core.errors import ModelError
from cuealign.core.registry import PluginOptions
from cuealign.models.base import PreparedAudio
from cuealign.models.failures import checkpoint_loader
from cuealign.models.huggingface import HuggingFaceFrontend, HuggingFaceModel
from cuealign.models.loading import Origin, load_weights, origin
from cuealign.models.options import SECONDS, Seconds
from cuealign.models.parts import checked
from cuealign.models.transfer import to_device
from cuealign.models.whisper import token_counts
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

Chat = Literal["family", "checkpoint"]
CHAT = (
    "Form of the chat: that of the `family`, or the `checkpoint`'s own template. By default, a checkpoint whose template differs from "
    "the family's is refused, with both forms."
)


class Options(PluginOptions):
    """Options of this backend."""

    system: str = Field(default="You are a helpful assistant.", description="System message.")
    seconds: Seconds = Field(default=30.0, description=SECONDS)
    chat: Chat | None = Field(default=None, description=CHAT)


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
        chat: whose form of the chat is used; None if the checkpoint's must be the family's.

    Raises:
        ModelError: if it is not.
    """

    def __init__(
        self, tokenizer: Any, extractor: WhisperFeatureExtractor, *, system: str, seconds: float, chat: Chat | None = None
    ) -> None:
        # The names come from the checkpoint's tokenizer, as in its processor.
        self.tags = [getattr(tokenizer, f"audio_{part}token", default) for part, default in _TAGS.items()]
        super().__init__(tokenizer, audio_token=self.tags[1], end_of_turn="<|im_end|>")
        self.extractor, self.system, self.samples = extractor, system, int(seconds * audio_module.RATE)
        self._template = getattr(tokenizer, "chat_template", None) if chat != "family" else None
        if chat == "checkpoint" and not self._template:
            raise ModelError("options.chat is checkpoint, but the checkpoint has no chat template")
        if chat is None and self._template:
            own, usual = self._by_template("PROMPT"), self._by_family("PROMPT")
            if own != usual:
                raise ModelError(
                    f"the checkpoint's chat template gives {own!r}, but the family's form is {usual!r}; if it was trained with its own, "
                    "set options.chat: checkpoint, otherwise options.chat: family"
                )

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
        return self._by_template(prompt) if self._template else self._by_family(prompt)

    def _by_template(self, prompt: str) -> str:
        system = [{"role": "system", "content": [{"type": "text", "text": self.system}]}] if self.system else []
        content = [{"type": "audio", "audio": "utterance"}, {"type": "text", "text": prompt}]
        return self.tokenizer.apply_chat_template(
            [*system, {"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )

    def _by_family(self, prompt: str) -> str:
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


@dataclass(frozen=True)
class Family:
    """What differs between the families of Omni.

    Attributes:
        model_types: of a full checkpoint and of a thinker alone.
        weights: class of transformers for the thinker.
        frontend, model: classes here.
    """

    model_types: tuple[str, str]
    weights: type[PreTrainedModel]
    frontend: type[Qwen25OmniFrontend]
    model: type[Qwen25Omni]


def load_thinker(family: Family, entry: Model, name: str, options: PluginOptions) -> Qwen25Omni:
    """Load a checkpoint of the thinker, or the thinker of a full checkpoint."""
    source = origin(entry, name, family.model_types)
    tokenizer = AutoTokenizer.from_pretrained(source.folder, **source.arguments)
    extractor = WhisperFeatureExtractor.from_pretrained(source.folder, **source.arguments)
    frontend = family.frontend(tokenizer, extractor, **options.model_dump())
    model = load_weights(family.weights, source, entry, config=_thinker_config(family, source))
    loaded = family.model(model, frontend, max_new_tokens=entry.max_new_tokens, fingerprint=source.fingerprint)
    return checked(loaded, source, extractor)


def _thinker_config(family: Family, source: Origin) -> PreTrainedConfig | None:
    """Config of the thinker with the quantisation of the full checkpoint, which transformers leaves out; None without one."""
    if "thinker_config" not in source.config or "quantization_config" not in source.config:
        return None
    config = family.weights.config_class(**source.config["thinker_config"])
    config.quantization_config = source.config["quantization_config"]
    return config


@checkpoint_loader
def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> Qwen25Omni:
    """Load a Qwen2.5-Omni checkpoint; see :mod:`cuealign.models.backends`."""
    family = Family(("qwen2_5_omni", "qwen2_5_omni_thinker"), Qwen2_5OmniThinkerForConditionalGeneration, Qwen25OmniFrontend, Qwen25Omni)
    return load_thinker(family, entry, name, Options.model_validate(entry.options))
