"""ParaCLAP (Jing, Triantafyllopoulos & Schuller, 2024), from its published file ``best.pth.tar``; also SmoothCLAP, which has the
same architecture at inference.

The published code averages over time without a mask, so that an embedding depends on the length of the padding. Here, both the
attention and the average ignore padding.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import nn
from transformers import AutoTokenizer, BertConfig, BertModel, Wav2Vec2Config, Wav2Vec2Model

from cuealign.config.entries.model import Model
from cuealign.core import audio as audio_module
from cuealign.core.registry import PluginOptions
from cuealign.models.contrastive import CheckpointFiles, ContrastiveModel, ContrastiveResponder, Projection, batch_size
from cuealign.models.failures import checkpoint_loader
from cuealign.models.options import PINNED, PinnedRepository
from cuealign.models.tensors import load_strictly, read_tensors
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

KIND = "contrastive"


class Options(PluginOptions):
    """Options of this backend."""

    weights: str = Field(default="best.pth.tar", description="Name of the weights' file.")
    speech: PinnedRepository | None = Field(default=None, description=PINNED)
    text: PinnedRepository | None = Field(default=None, description=PINNED)


_MINIMUM = 400  # samples that the encoder's convolutions need
_WIDTH = "audio_projection.linear1.weight"

UNUSED = {re.compile(r"^local_audio_branch\."): "SmoothCLAP's second audio encoder, used in training only"}
"""Tensors that do not affect embeddings, with the reason."""


class Network(nn.Module):
    """Both encoders, with the published names of tensors."""

    def __init__(self, speech: Wav2Vec2Model, text: BertModel, width: int) -> None:
        super().__init__()
        self.audio_branch = nn.ModuleDict({"base": speech})
        self.text_branch = nn.ModuleDict({"base": text})
        self.audio_projection = Projection(speech.config.hidden_size, width)
        self.text_projection = Projection(text.config.hidden_size, width)
        self.logit_scale = nn.Parameter(torch.empty([]))


class ParaClap(ContrastiveModel):
    """A ParaCLAP checkpoint.

    Args:
        network: on its device.
        tokenizer: BERT's.
        fingerprint: of the weights.
    """

    rate = audio_module.RATE

    def __init__(self, network: Network, tokenizer: Any, *, fingerprint: str) -> None:
        self.network, self.tokenizer, self._fingerprint = network.eval().requires_grad_(False), tokenizer, fingerprint

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def scale(self) -> float:
        return float(self.network.logit_scale.exp())

    def clips(self, samples: np.ndarray) -> tuple[list[np.ndarray], bool]:
        return [np.pad(samples, (0, max(0, _MINIMUM - len(samples))))], False

    def embed_clips(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        encoder, scale = self.network.audio_branch["base"], self.network.logit_scale
        lengths = torch.tensor([len(clip) for clip in clips])
        if encoder.config.feat_extract_norm != "layer" and len(set(lengths.tolist())) > 1:
            # These features are normalised over time, padding included: one by one.
            return torch.cat([self.embed_clips([clip]) for clip in clips])
        longest = int(lengths.max())
        samples = torch.from_numpy(np.stack([np.pad(clip, (0, longest - len(clip))) for clip in clips])).to(scale.device, scale.dtype)
        mask = (torch.arange(longest)[None] < lengths[:, None]).long().to(scale.device)
        states = encoder(samples, attention_mask=mask).last_hidden_state
        frames = encoder._get_feat_extract_output_lengths(lengths.to(scale.device))
        valid = (torch.arange(states.shape[1], device=scale.device)[None] < frames[:, None]).to(states.dtype)[..., None]
        return self.network.audio_projection((states * valid).sum(1) / valid.sum(1))

    def embed_captions(self, captions: Sequence[str]) -> torch.Tensor:
        batch = self.tokenizer(list(captions), padding=True, return_tensors="pt").to(self.network.logit_scale.device)
        return self.network.text_projection(self.network.text_branch["base"](**batch).last_hidden_state[:, 0])


@checkpoint_loader
def load(entry: Model, name: str, labels: Sequence[Label], _template: Template) -> ContrastiveResponder:
    """Load a ParaCLAP checkpoint; see :mod:`cuealign.models.backends`."""
    options = Options.model_validate(entry.options)
    parts = CheckpointFiles(entry, name, options.weights, {"speech": options.speech, "text": options.text})
    tensors = read_tensors(parts.weights)
    network = Network(
        Wav2Vec2Model(Wav2Vec2Config.from_pretrained(parts.folders["speech"])),
        BertModel(BertConfig.from_pretrained(parts.folders["text"])),
        tensors[_WIDTH].shape[0] if _WIDTH in tensors else 768,
    )
    load_strictly(network, tensors, parts.weights, ignored=UNUSED)
    network = network.to(entry.device, getattr(torch, entry.dtype))
    tokenizer = AutoTokenizer.from_pretrained(parts.folders["text"])
    model = ParaClap(network, tokenizer, fingerprint=parts.fingerprint)
    return ContrastiveResponder(model, labels, batch=batch_size(entry.device))
