"""Microsoft's CLAP of 2023 (Elizalde, Deshmukh & Wang, 2024), from its published file ``CLAP_weights_2023.pth``.

The published package pins versions that conflict with this environment, so the architecture is rebuilt here, with the published
names of tensors. The published inference crops seven seconds at random from a longer sound; here it is the middle, or all of it
(``options.crop``).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import nn
from transformers import AutoTokenizer, GPT2Config, GPT2Model

from cuealign.config.entries.model import Model
from cuealign.core.errors import ModelError
from cuealign.core.registry import PluginOptions
from cuealign.models.contrastive import CheckpointFiles, ContrastiveModel, ContrastiveResponder, Projection, batch_size, windows
from cuealign.models.failures import checkpoint_loader
from cuealign.models.htsat import HTSAT, RATE, SECONDS, UNUSED, audio_config, translate
from cuealign.models.options import CROP, PINNED, Crop, PinnedRepository
from cuealign.models.tensors import Tensors, load_strictly, read_tensors
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

WEIGHTS = "CLAP_weights_2023.pth"

KIND = "contrastive"


class Options(PluginOptions):
    """Options of this backend."""

    crop: Crop = Field(default="centre", description=CROP)
    text: PinnedRepository | None = Field(default=None, description=PINNED)


_END = " <|endoftext|>"
_HTSAT = "audio_encoder.base.htsat."


class Network(nn.Module):
    """Both encoders, with the published names of tensors."""

    def __init__(self, audio: HTSAT, text: GPT2Model, width: int) -> None:
        super().__init__()
        self.audio_encoder = nn.ModuleDict({"base": audio, "projection": Projection(audio.transformer.config.hidden_size, width)})
        self.caption_encoder = nn.ModuleDict({"base": text, "projection": Projection(text.config.hidden_size, width)})
        self.logit_scale = nn.Parameter(torch.empty([]))


class MicrosoftClap(ContrastiveModel):
    """Microsoft's CLAP of 2023.

    Args:
        network: on its device.
        tokenizer: GPT-2's.
        crop: part of a long sound to use.
        fingerprint: of the weights.
    """

    rate = RATE

    def __init__(self, network: Network, tokenizer: Any, *, crop: str, fingerprint: str) -> None:
        self.network, self.tokenizer, self.crop, self._fingerprint = network.eval().requires_grad_(False), tokenizer, crop, fingerprint

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def scale(self) -> float:
        return float(self.network.logit_scale.exp())

    def clips(self, samples: np.ndarray) -> tuple[list[np.ndarray], bool]:
        return windows(samples, RATE * SECONDS, self.crop)

    def embed_clips(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        encoder, scale = self.network.audio_encoder, self.network.logit_scale
        samples = torch.from_numpy(np.stack(clips)).to(scale.device, scale.dtype)
        return encoder["projection"](encoder["base"](samples))

    def embed_captions(self, captions: Sequence[str]) -> torch.Tensor:
        return torch.cat([self._embed_caption(caption) for caption in captions])

    def _embed_caption(self, caption: str) -> torch.Tensor:
        ids = self.tokenizer(caption + _END, return_tensors="pt", add_special_tokens=False)["input_ids"]
        encoder = self.network.caption_encoder
        if ids.shape[1] > encoder["base"].config.n_positions:
            raise ModelError(
                f"the caption {caption!r} has {ids.shape[1]} tokens, more than the model's {encoder['base'].config.n_positions}"
            )
        last = encoder["base"](ids.to(self.network.logit_scale.device)).last_hidden_state[:, -1]
        return encoder["projection"](last)


def split_htsat(tensors: Tensors) -> Tensors:
    """Published tensors, with those of HTS-AT under the names of :class:`cuealign.models.htsat.HTSAT`."""
    ours = {name: tensor for name, tensor in tensors.items() if not name.startswith(_HTSAT)}
    theirs = {
        name.removeprefix(_HTSAT): tensor
        for name, tensor in tensors.items()
        if name.startswith(_HTSAT) and not any(pattern.search(name) for pattern in UNUSED)
    }
    return ours | {f"audio_encoder.base.{name}": tensor for name, tensor in translate(theirs).items()}


def window_of(tensors: Tensors) -> int:
    """Samples per frame of the spectrogram, from the size of its kernels; 0 if they are missing."""
    kernel = tensors.get("audio_encoder.base.real")
    return kernel.shape[-1] if kernel is not None else 0


@checkpoint_loader
def load(entry: Model, name: str, labels: Sequence[Label], _template: Template) -> ContrastiveResponder:
    """Load Microsoft's CLAP; see :mod:`cuealign.models.backends`."""
    options = Options.model_validate(entry.options)
    parts = CheckpointFiles(entry, name, WEIGHTS, {"text": options.text})
    tensors = split_htsat(read_tensors(parts.weights))
    width = tensors["audio_encoder.projection.linear1.weight"].shape[0] if "audio_encoder.projection.linear1.weight" in tensors else 1024
    network = Network(
        HTSAT(audio_config(parts.weights.parent), window_of(tensors) or 1024),
        GPT2Model(GPT2Config.from_pretrained(parts.folders["text"])),
        width,
    )
    load_strictly(network, tensors, parts.weights, ignored=UNUSED)
    model = MicrosoftClap(
        network.to(entry.device, getattr(torch, entry.dtype)),
        AutoTokenizer.from_pretrained(parts.folders["text"]),
        crop=options.crop,
        fingerprint=parts.fingerprint,
    )
    return ContrastiveResponder(model, labels, batch=batch_size(entry.device))
