"""Qwen2-Audio (Chu et al., 2024) through transformers' own classes; also the family of ``cue-tiny``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

from cuealign import audio as audio_module
from cuealign.models.base import Label, PreparedAudio
from cuealign.models.huggingface import HuggingFaceFrontend, HuggingFaceModel, check_options, load_weights, origin
from cuealign.models.transfer import to_device
from cuealign.models.whisper import encode_windows, token_counts
from cuealign.prompts import PromptTemplate


class Qwen2AudioFrontend(HuggingFaceFrontend):
    """Features and chat of Qwen2-Audio.

    Args:
        processor: ``Qwen2AudioProcessor`` of the checkpoint.
    """

    def __init__(self, processor: Any) -> None:
        super().__init__(processor.tokenizer, audio_token=processor.audio_token, end_of_turn="<|im_end|>")
        self.processor = processor

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        extractor = self.processor.feature_extractor
        minimum = 8 * extractor.hop_length  # eight mel frames make two audio tokens, the fewest that the class expands
        if len(audio) < minimum:
            audio = np.pad(audio, (0, minimum - len(audio)))
        batch = extractor(
            audio,
            sampling_rate=audio_module.RATE,
            padding="max_length",
            truncation=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        features = {"input_features": batch["input_features"], "feature_attention_mask": batch["attention_mask"]}
        tokens = int(token_counts(batch["attention_mask"].sum(-1)))
        return PreparedAudio(features, tokens=tokens, truncated=len(audio) > extractor.n_samples)

    def chat(self, prompt: str) -> str:
        content = [{"type": "audio", "audio_url": "utterance"}, {"type": "text", "text": prompt}]
        return self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False)


class Qwen2Audio(HuggingFaceModel):
    """A Qwen2-Audio checkpoint."""

    def inputs(self, audios: Sequence[PreparedAudio]) -> dict[str, torch.Tensor]:
        features = torch.cat([audio.features["input_features"] for audio in audios])
        masks = torch.cat([audio.features["feature_attention_mask"] for audio in audios])
        return {
            "input_features": to_device(features, self.device).to(self.dtype),
            "feature_attention_mask": to_device(masks, self.device),
        }

    def encode(self, audios: Sequence[PreparedAudio]) -> torch.Tensor:
        frames = torch.cat([audio.features["feature_attention_mask"] for audio in audios]).sum(-1)
        features = self.inputs(audios)["input_features"]
        return self.model.model.multi_modal_projector(encode_windows(self.model.model.audio_tower, features, frames))


def load(entry: dict[str, Any], name: str, _labels: Sequence[Label], _template: PromptTemplate) -> Qwen2Audio:
    """Load a Qwen2-Audio checkpoint; see :mod:`cuealign.models.backends`."""
    check_options(entry, name)
    source = origin(entry, name)
    frontend = Qwen2AudioFrontend(AutoProcessor.from_pretrained(source.place, **source.arguments))
    model = load_weights(Qwen2AudioForConditionalGeneration, source, entry)
    return Qwen2Audio(model, frontend, max_new_tokens=entry["max_new_tokens"], fingerprint=source.fingerprint)
