"""Audio Flamingo 3 (Goel et al., 2025) through transformers' own classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import AudioFlamingo3ForConditionalGeneration, AutoProcessor

from cuealign.config.entries.model import Model
from cuealign.core import audio as audio_module
from cuealign.models.base import PreparedAudio
from cuealign.models.failures import checkpoint_loader
from cuealign.models.huggingface import HuggingFaceFrontend
from cuealign.models.loading import load_weights, origin
from cuealign.models.parts import checked
from cuealign.models.whisper import WhisperModel, prepare_windows
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

FAMILIES = ("audioflamingo3",)
"""Values of ``model_type`` that are read."""


class AudioFlamingo3Frontend(HuggingFaceFrontend):
    """Features and chat of Audio Flamingo 3: audio in windows of 30 s, up to 600 s.

    As in transformers, samples are not scaled. The original repository scales each clip to its peak, which changes its loudness.

    Args:
        processor: ``AudioFlamingo3Processor`` of the checkpoint.
    """

    def __init__(self, processor: Any) -> None:
        super().__init__(processor.tokenizer, audio_token=processor.audio_token, end_of_turn="<|im_end|>")
        self.processor = processor

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        return prepare_windows(self.processor.feature_extractor, audio, limit=int(self.processor.max_audio_len * audio_module.RATE))

    def chat(self, prompt: str) -> str:
        content = [{"type": "audio", "audio": "utterance"}, {"type": "text", "text": prompt}]
        return self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False)


class AudioFlamingo3(WhisperModel):
    """An Audio Flamingo 3 checkpoint."""

    mask_name = "input_features_mask"


@checkpoint_loader
def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> AudioFlamingo3:
    """Load an Audio Flamingo 3 checkpoint; see :mod:`cuealign.models.backends`."""
    source = origin(entry, name, FAMILIES)
    frontend = AudioFlamingo3Frontend(AutoProcessor.from_pretrained(source.folder, **source.arguments))
    model = load_weights(AudioFlamingo3ForConditionalGeneration, source, entry)
    loaded = AudioFlamingo3(model, frontend, max_new_tokens=entry.max_new_tokens, fingerprint=source.fingerprint)
    return checked(loaded, source, frontend.processor.feature_extractor)
