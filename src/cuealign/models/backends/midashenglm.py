"""MiDashengLM (Xiaomi, 2025) through the code that comes with its checkpoint, which runs only with explicit consent.

That code computes the audio features and their embeddings; the sanity checks of a job compare the engine with it. The language
model is a class of transformers. ``engine: prefix`` needs only its key-value cache.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoProcessor, GenerationConfig, PreTrainedModel

from cuealign.config.entries.model import Model
from cuealign.core import audio as audio_module
from cuealign.core.errors import ModelError
from cuealign.core.registry import PluginOptions
from cuealign.core.text import some
from cuealign.models.base import PreparedAudio
from cuealign.models.failures import checkpoint_loader
from cuealign.models.huggingface import HuggingFaceFrontend, HuggingFaceModel
from cuealign.models.loading import origin
from cuealign.models.options import SECONDS, Seconds
from cuealign.models.parts import checked
from cuealign.models.tensors import load_strictly
from cuealign.models.transfer import to_device
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template


class Options(PluginOptions):
    """Options of this backend."""

    system: str = Field(
        default="You are a helpful language and speech assistant.", description="System message, by default that of the model card."
    )
    seconds: Seconds = Field(default=30.0, description=SECONDS)


_MINIMUM = audio_module.RATE // 5
"""Samples of the shortest sound that gives an audio token: 20 frames of 10 ms."""


class MiDashengLMFrontend(HuggingFaceFrontend):
    """Features and chat of MiDashengLM, by the checkpoint's own processor.

    Args:
        processor: of the checkpoint.
        system: system message.
        seconds: longest sound; the rest of a longer one is cut off.
    """

    def __init__(self, processor: Any, *, system: str, seconds: float) -> None:
        super().__init__(processor.tokenizer, audio_token=processor.audio_token, end_of_turn="<|im_end|>")
        self.processor, self.system, self.samples = processor, system, int(seconds * audio_module.RATE)

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        used = np.pad(audio, (0, max(0, _MINIMUM - len(audio))))[: self.samples]
        batch = dict(self.processor(text=[self.processor.audio_token], audio=[used], return_tensors="pt"))
        tokens = int((batch.pop("input_ids") == self.audio_token).sum())
        batch.pop("attention_mask", None)
        return PreparedAudio(batch, tokens=tokens, truncated=len(audio) > self.samples)

    def chat(self, prompt: str) -> str:
        system = [{"role": "system", "content": [{"type": "text", "text": self.system}]}] if self.system else []
        content = [{"type": "audio", "audio": "utterance"}, {"type": "text", "text": prompt}]
        messages = [*system, {"role": "user", "content": content}]
        return self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)


class MiDashengLM(HuggingFaceModel):
    """A MiDashengLM checkpoint."""

    @property
    def language_model(self) -> PreTrainedModel:
        return self.model.decoder.model

    def inputs(self, audios: Sequence[PreparedAudio]) -> dict[str, torch.Tensor]:
        (audio,) = audios
        features = {name: to_device(value, self.device) for name, value in audio.features.items()}
        return {name: value.to(self.dtype) if value.is_floating_point() else value for name, value in features.items()}

    def encode(self, audios: Sequence[PreparedAudio]) -> torch.Tensor:
        # One by one: the effect of padding depends on code that is not known here.
        return torch.cat([self._encode(audio) for audio in audios])

    def _encode(self, audio: PreparedAudio) -> torch.Tensor:
        encoded = self.model.audio_encoder(*(self.inputs([audio])[name] for name in ("input_values", "audio_length")))
        return self.model.audio_projector(*encoded)[0][0, : audio.tokens]

    def embed_text(self, ids: torch.Tensor) -> torch.Tensor:
        return self.language_model.get_input_embeddings()(ids)

    def new_tokens(self, output: torch.Tensor, _prompt: torch.Tensor) -> list[int]:
        # Its language model takes embeddings, and therefore returns new tokens only.
        return output.tolist()

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.model.decoder.lm_head(hidden).float()


def load_remote(folder: Path, dtype: str) -> PreTrainedModel:
    """Build a checkpoint's model with the code that comes with it, and load all tensors.

    The model is built on the CPU before its weights are loaded. ``from_pretrained`` would build it without memory, which
    fails: that code computes constants of its spectrogram while it builds the model.

    Raises:
        ModelError: if the code needs a package that is not installed, or if the tensors of the checkpoint are not those of the
            model.
    """
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=True, local_files_only=True)
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=True, dtype=getattr(torch, dtype))
        if (folder / "generation_config.json").is_file():
            model.generation_config = GenerationConfig.from_pretrained(folder)
    except ImportError as error:
        raise ModelError(
            f"{folder}: the code that comes with this checkpoint cannot be imported ({error}); if it needs torchaudio, install the "
            f"version for torch {torch.__version__.split('+')[0]}"
        ) from None
    found: set[str] = set()
    for file in sorted(folder.glob("*.safetensors")):
        tensors = load_file(file)
        load_strictly(model, tensors, file, required=())
        found |= set(tensors)
    if missing := set(model.state_dict()) - found:
        raise ModelError(f"{folder}: tensors of the model are missing from the checkpoint ({len(missing)}): {some(sorted(missing))}")
    return model


@checkpoint_loader
def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> MiDashengLM:
    """Load a MiDashengLM checkpoint; see :mod:`cuealign.models.backends`."""
    if not entry.trust_remote_code:
        raise ModelError(
            f"models.{name}: this backend runs code that comes with the checkpoint; read that code, and if you trust it, "
            "set trust_remote_code: true in the model's entry"
        )
    source = origin(entry, name, ("midashenglm",))
    if (source.folder / "adapter_config.json").is_file():
        raise ModelError(f"{source.folder}: holds an adapter, which this backend does not read; merge it (PEFT: merge_and_unload())")
    model = load_remote(source.folder, entry.dtype).to(entry.device)
    frontend = MiDashengLMFrontend(
        AutoProcessor.from_pretrained(source.folder, **source.arguments), **Options.model_validate(entry.options).model_dump()
    )
    loaded = MiDashengLM(model, frontend, max_new_tokens=entry.max_new_tokens, fingerprint=source.fingerprint)
    return checked(loaded, source)
