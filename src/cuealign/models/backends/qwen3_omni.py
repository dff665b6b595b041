"""Qwen3-Omni (Xu et al., 2025): the thinker, a mixture of experts; the talker is not loaded."""

from collections.abc import Sequence

import torch
from pydantic import Field
from transformers import Qwen3OmniMoeThinkerForConditionalGeneration
from transformers.models.qwen3_omni_moe.modeling_qwen3_omni_moe import _get_feat_extract_output_lengths

from cuealign.config.entries.model import Model
from cuealign.core.registry import PluginOptions
from cuealign.models.backends.qwen2_5_omni import CHAT, Chat, Family, Qwen25Omni, Qwen25OmniFrontend, load_thinker
from cuealign.models.base import PreparedAudio
from cuealign.models.failures import checkpoint_loader
from cuealign.models.options import SECONDS, Seconds
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template


class Options(PluginOptions):
    """Options of this backend."""

    system: str = Field(default="", description="System message, by default none.")
    seconds: Seconds = Field(default=30.0, description=SECONDS)
    chat: Chat | None = Field(default=None, description=CHAT)


class Qwen3OmniFrontend(Qwen25OmniFrontend):
    """Features and chat of Qwen3-Omni: those of Qwen2.5-Omni, but with 13 tokens per second and no system message."""

    def token_count(self, frames: int) -> int:
        return int(_get_feat_extract_output_lengths(frames))


class Qwen3Omni(Qwen25Omni):
    """A Qwen3-Omni checkpoint."""

    @property
    def flop_per_token(self) -> float:
        config = self.language_model.config
        experts = sum(parameter.numel() for name, parameter in self.language_model.named_parameters() if ".experts." in name)
        return super().flop_per_token - 2.0 * experts * (1 - config.num_experts_per_tok / config.num_experts)

    def encode(self, audios: Sequence[PreparedAudio]) -> torch.Tensor:
        # One by one: in a batch, this encoder's result for a short clip depends on the padding, and so on the other clips.
        return torch.cat([super(Qwen3Omni, self).encode([audio]) for audio in audios])


@checkpoint_loader
def load(entry: Model, name: str, _labels: Sequence[Label], _template: Template) -> Qwen25Omni:
    """Load a Qwen3-Omni checkpoint; see :mod:`cuealign.models.backends`."""
    family = Family(("qwen3_omni_moe", "qwen3_omni_moe_thinker"), Qwen3OmniMoeThinkerForConditionalGeneration, Qwen3OmniFrontend, Qwen3Omni)
    return load_thinker(family, entry, name, Options.model_validate(entry.options))
