"""Qwen2-Audio (Chu et al., 2024) through transformers' own classes; also the family of ``cue-tiny``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

from cuealign.config.entries.model import Model
from cuealign.models.base import PreparedAudio
from cuealign.models.failures import checkpoint_loader
from cuealign.models.huggingface import HuggingFaceFrontend
from cuealign.models.loading import load_weights, origin
from cuealign.models.parts import checked
from cuealign.models.whisper import WhisperModel, prepare_windows
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template


class Qwen2AudioFrontend(HuggingFaceFrontend):
    """Features and chat of Qwen2-Audio, which takes up to 30 s.

    Args:
        processor: ``Qwen2AudioProcessor`` of the checkpoint.
    """

    def __init__(self, processor: Any) -> None:
        super().__init__(processor.tokenizer, audio_token=processor.audio_token, end_of_turn="<|im_end|>")
        self.processor = processor

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        extractor = self.processor.feature_extractor
        return prepare_windows(extractor, audio, limit=extractor.n_samples)

    def chat(self, prompt: str) -> str:
        content = [{"type": "audio", "audio_url": "utterance"}, {"type": "text", "text": prompt}]
        return self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False)


class Qwen2Audio(WhisperModel):
    """A Qwen2-Audio checkpoint."""

    mask_name = "feature_attention_mask"


@checkpoint_loader
def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> Qwen2Audio:
    """Load a Qwen2-Audio checkpoint; see :mod:`cuealign.models.backends`."""
    source = origin(entry, name, ("qwen2_audio",))
    frontend = Qwen2AudioFrontend(AutoProcessor.from_pretrained(source.folder, **source.arguments))
    model = load_weights(Qwen2AudioForConditionalGeneration, source, entry)
    loaded = Qwen2Audio(model, frontend, max_new_tokens=entry.max_new_tokens, fingerprint=source.fingerprint)
    return checked(loaded, source, frontend.processor.feature_extractor)
