"""Audio Flamingo 3 with its thinking adapter (AF-Think; Goel et al., 2025): it reasons in words, then answers.

The adapter is a folder of the checkpoint's repository, by default ``think``. It has low-rank updates, which are added to the
matrices on loading, and some whole weights.

The adapter was trained on prompts that end with a certain sentence, which therefore follows the cue block. Only the final answer
is evaluated; reasoning that hits the token limit has no answer.
"""

import re
from collections.abc import Sequence

from pydantic import Field
from transformers import AudioFlamingo3ForConditionalGeneration, AutoProcessor

from cuealign.config.entries.model import Model
from cuealign.core.registry import PluginOptions
from cuealign.models.adapters import merge_lora, overwrite_weights
from cuealign.models.backends.audio_flamingo_3 import FAMILIES, AudioFlamingo3, AudioFlamingo3Frontend
from cuealign.models.failures import checkpoint_loader
from cuealign.models.loading import load_weights, origin
from cuealign.models.parts import checked
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

SUFFIX = "Please think and reason about the input audio before you respond."
"""Sentence that makes the adapter reason, from the model card."""


class Options(PluginOptions):
    """Options of this backend."""

    adapter: str = Field(default="think", description="Folder of the adapter in the checkpoint's repository.")


_MARKERS = re.compile(
    r"</think>|\bfinal answer\b(?:\s+is\b)?:?|\bthe (?:\w+ )?answer (?:is|would be|should be)\b:?|\banswer:", re.IGNORECASE
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")


class ThinkingFrontend(AudioFlamingo3Frontend):
    """Chat of Audio Flamingo 3 that asks for reasoning, and extraction of the final answer."""

    def chat(self, prompt: str) -> str:
        return super().chat(f"{prompt}\n{SUFFIX}")

    def read(self, ids: Sequence[int]) -> tuple[str, str]:
        text = self.decode(ids)
        return split_answer(text) if ids[-1] == self.end_of_turn else (text, "")


def split_answer(text: str) -> tuple[str, str]:
    """Reasoning and final answer. The answer follows the last phrase that announces one; without such a phrase, it is the last sentence."""
    text = text.strip()
    announced = [match.end() for match in _MARKERS.finditer(text) if text[match.end() :].strip(" .*\n")]
    start = announced[-1] if announced else max([0, *(match.end() for match in _SENTENCES.finditer(text))])
    return text[:start].strip(), text[start:].strip()


def rename(name: str) -> str:
    """Map the name of a module or parameter at the adapter's publication to that in this version of transformers."""
    for old, new in (("language_model.model.", "model.language_model."), ("language_model.lm_head.", "lm_head.")):
        if name.startswith(old):
            return new + name.removeprefix(old)
    return f"model.{name}" if name.startswith(("audio_tower.", "multi_modal_projector.", "language_model.")) else name


@checkpoint_loader
def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> AudioFlamingo3:
    """Load an Audio Flamingo 3 checkpoint with its thinking adapter; see :mod:`cuealign.models.backends`."""
    folder = Options.model_validate(entry.options).adapter
    source = origin(entry, name, FAMILIES, folders=(folder,))
    frontend = ThinkingFrontend(AutoProcessor.from_pretrained(source.folder, **source.arguments))
    model = load_weights(AudioFlamingo3ForConditionalGeneration, source, entry.model_copy(update={"device": "cpu"}))
    overwrite_weights(model, source.folder / folder / "non_lora_trainables.bin", rename)
    model = merge_lora(model, source.folder / folder, rename).to(entry.device)
    fingerprint = f"{source.fingerprint} {folder}"
    loaded = AudioFlamingo3(model, frontend, max_new_tokens=entry.max_new_tokens, fingerprint=fingerprint)
    return checked(loaded, source, frontend.processor.feature_extractor)
