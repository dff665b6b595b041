"""MiDashengLM (Xiaomi, 2025) through the code that comes with its checkpoint, which runs only with explicit consent.

That code makes the audio features and embeds them, and is the reference that the gates at the start of a job hold the
engine to. Its language model is one of transformers' classes. ``engine: prefix`` asks nothing of it but a key-value cache.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import snapshot_download
from pydantic import Field
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoProcessor, PreTrainedModel

from cuealign.config.entries.model import Model
from cuealign.core import audio as audio_module
from cuealign.core.errors import ModelError
from cuealign.core.registry import PluginOptions
from cuealign.models.base import PreparedAudio
from cuealign.models.huggingface import HuggingFaceFrontend, HuggingFaceModel, origin
from cuealign.models.options import Seconds
from cuealign.models.tensors import load_strictly, some
from cuealign.models.transfer import to_device
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template


class Options(PluginOptions):
    """How it is asked, and what it hears."""

    system: str = Field(default="You are a helpful language and speech assistant.", description="System message; that of the model card.")
    seconds: Seconds = Field(default=30.0, description="Longest sound that is heard; longer ones are cut.")


_MINIMUM = audio_module.RATE // 5
"""Samples of the shortest sound that makes an audio token: 20 frames of 10 ms."""


class MiDashengLMFrontend(HuggingFaceFrontend):
    """Features and chat of MiDashengLM, by the checkpoint's own processor.

    Args:
        processor: of the checkpoint.
        system: system message.
        seconds: longest sound that is heard; longer ones are cut.
    """

    def __init__(self, processor: Any, *, system: str, seconds: float) -> None:
        super().__init__(processor.tokenizer, audio_token=processor.audio_token, end_of_turn="<|im_end|>")
        self.processor, self.system, self.samples = processor, system, int(seconds * audio_module.RATE)

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        heard = np.pad(audio, (0, max(0, _MINIMUM - len(audio))))[: self.samples]
        batch = dict(self.processor(text=[self.processor.audio_token], audio=[heard], return_tensors="pt"))
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
        # One by one: what padding does to a clip in a batch is not for us to know.
        return torch.cat([self._encode(audio) for audio in audios])

    def _encode(self, audio: PreparedAudio) -> torch.Tensor:
        heard = self.model.audio_encoder(*(self.inputs([audio])[name] for name in ("input_values", "audio_length")))
        return self.model.audio_projector(*heard)[0][0, : audio.tokens]

    def embed_text(self, ids: torch.Tensor) -> torch.Tensor:
        return self.language_model.get_input_embeddings()(ids)

    def new_tokens(self, output: torch.Tensor, _prompt: torch.Tensor) -> list[int]:
        # Its language model is given embeddings, and so returns new tokens alone.
        return output.tolist()

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.model.decoder.lm_head(hidden).float()


def load_remote(folder: Path, dtype: str) -> PreTrainedModel:
    """A checkpoint's model by the code beside it, every tensor accounted for.

    It is built on the CPU and filled by hand: its spectrogram is computed while it is built, which fails where transformers
    builds models without memory first.

    Raises:
        ModelError: if the code needs a package that is not installed, a tensor of the checkpoint has no place in the model,
            or one of the model is not in the checkpoint.
    """
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=True, dtype=getattr(torch, dtype))
    except ImportError as error:
        raise ModelError(
            f"{folder}: the code that comes with this checkpoint cannot be imported ({error}); torchaudio, which it needs, must be "
            f"of the version that goes with torch {torch.__version__.split('+')[0]}"
        ) from None
    found: set[str] = set()
    for file in sorted(folder.glob("*.safetensors")):
        tensors = load_file(file)
        load_strictly(model, tensors, file, required=())
        found |= set(tensors)
    if missing := set(model.state_dict()) - found:
        raise ModelError(f"{folder}: {len(missing)} tensors of the model are not in the checkpoint: {some(missing)}")
    return model


def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> MiDashengLM:
    """Load a MiDashengLM checkpoint; see :mod:`cuealign.models.backends`."""
    if not entry.trust_remote_code:
        raise ModelError(
            f"models.{name}: this family runs code that comes with its checkpoint; read that code, and if you trust it, "
            "set trust_remote_code: true in the model's entry"
        )
    source = origin(entry, name)
    folder = Path(snapshot_download(source.place, **source.arguments) if source.arguments else source.place)
    model = load_remote(folder, entry.dtype).to(entry.device)
    frontend = MiDashengLMFrontend(
        AutoProcessor.from_pretrained(folder, trust_remote_code=True), **Options.model_validate(entry.options).model_dump()
    )
    return MiDashengLM(model, frontend, max_new_tokens=entry.max_new_tokens, fingerprint=source.fingerprint)
