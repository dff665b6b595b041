"""Audio Flamingo 3 (Goel et al., 2025) through transformers' own classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import AudioFlamingo3ForConditionalGeneration, AutoProcessor

from cuealign import audio as audio_module
from cuealign.models.base import Label, PreparedAudio
from cuealign.models.huggingface import HuggingFaceFrontend, HuggingFaceModel, check_options, load_weights, origin
from cuealign.models.transfer import to_device
from cuealign.models.whisper import encode_windows, token_counts
from cuealign.prompts import PromptTemplate


class AudioFlamingo3Frontend(HuggingFaceFrontend):
    """Features and chat of Audio Flamingo 3: audio in windows of 30 s, up to 600 s.

    Samples are taken as they are. (The original repository scales each clip to its peak; transformers' port, which this
    is, does not. It matters for loudness.)

    Args:
        processor: ``AudioFlamingo3Processor`` of the checkpoint.
    """

    def __init__(self, processor: Any) -> None:
        super().__init__(processor.tokenizer, audio_token=processor.audio_token, end_of_turn="<|im_end|>")
        self.processor = processor

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        extractor = self.processor.feature_extractor
        minimum = 8 * extractor.hop_length  # eight mel frames make two audio tokens
        if len(audio) < minimum:
            audio = np.pad(audio, (0, minimum - len(audio)))
        window, limit = extractor.n_samples, int(self.processor.max_audio_len * audio_module.RATE)
        heard = audio[:limit]
        windows = [heard[start : start + window] for start in range(0, len(heard), window)]
        if len(windows) > 1 and len(windows[-1]) < minimum:  # a rest too short to make a token
            windows.pop()
        batch = extractor(
            windows,
            sampling_rate=audio_module.RATE,
            padding="max_length",
            truncation=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        features = {"input_features": batch["input_features"], "input_features_mask": batch["attention_mask"]}
        tokens = int(token_counts(batch["attention_mask"].sum(-1)).sum())
        return PreparedAudio(features, tokens=tokens, truncated=len(audio) > limit)

    def chat(self, prompt: str) -> str:
        content = [{"type": "audio", "audio": "utterance"}, {"type": "text", "text": prompt}]
        return self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False)


class AudioFlamingo3(HuggingFaceModel):
    """An Audio Flamingo 3 checkpoint."""

    def inputs(self, audios: Sequence[PreparedAudio]) -> dict[str, torch.Tensor]:
        features = torch.cat([audio.features["input_features"] for audio in audios])
        masks = torch.cat([audio.features["input_features_mask"] for audio in audios])
        return {
            "input_features": to_device(features, self.device).to(self.dtype),
            "input_features_mask": to_device(masks, self.device),
        }

    def encode(self, audios: Sequence[PreparedAudio]) -> torch.Tensor:
        frames = torch.cat([audio.features["input_features_mask"] for audio in audios]).sum(-1)
        features = self.inputs(audios)["input_features"]
        return self.model.model.multi_modal_projector(encode_windows(self.model.model.audio_tower, features, frames))


def load(entry: dict[str, Any], name: str, _labels: Sequence[Label], _template: PromptTemplate) -> AudioFlamingo3:
    """Load an Audio Flamingo 3 checkpoint; see :mod:`cuealign.models.backends`."""
    check_options(entry, name)
    source = origin(entry, name)
    frontend = AudioFlamingo3Frontend(AutoProcessor.from_pretrained(source.place, **source.arguments))
    model = load_weights(AudioFlamingo3ForConditionalGeneration, source, entry)
    return AudioFlamingo3(model, frontend, max_new_tokens=entry["max_new_tokens"], fingerprint=source.fingerprint)
