"""Microsoft's CLAP, from its published files: ``CLAP_weights_2022.pth`` (Elizalde, Deshmukh, Al Ismail & Wang, 2023), with CNN14 and
BERT, and ``CLAP_weights_2023.pth`` (Elizalde, Deshmukh & Wang, 2024), with HTS-AT and GPT-2.

The published package pins versions that conflict with this environment, so the architectures are rebuilt here, with the published
names of tensors. The published inference crops five (2022) or seven seconds (2023) at random from a longer sound; here it is the
middle, or all of it (``options.crop``).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn
from transformers import AutoTokenizer, BertConfig, BertModel, GPT2Config, GPT2Model

from cuealign.config.entries.model import Model
from cuealign.core.errors import ModelError
from cuealign.core.registry import PluginOptions
from cuealign.models import cnn14, htsat
from cuealign.models.contrastive import CheckpointFiles, ContrastiveModel, ContrastiveResponder, Projection, batch_size, windows
from cuealign.models.failures import checkpoint_loader
from cuealign.models.htsat import HTSAT, RATE, UNUSED, audio_config, translate
from cuealign.models.options import CROP, PINNED, Crop, PinnedRepository
from cuealign.models.tensors import Tensors, load_strictly, read_tensors
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

WEIGHTS = {2022: "CLAP_weights_2022.pth", 2023: "CLAP_weights_2023.pth"}
"""Published file of each version."""

KIND = "contrastive"


class Options(PluginOptions):
    """Options of this backend."""

    version: Literal[2022, 2023] = Field(
        default=2023,
        description="Which of the published systems it is: that of 2022, with CNN14 and BERT, or of 2023, with HTS-AT and GPT-2.",
    )
    crop: Crop = Field(default="centre", description=CROP)
    text: PinnedRepository | None = Field(default=None, description=PINNED)


_END = " <|endoftext|>"
_TOKENS = 100  # of a caption in 2022
_AUDIO = "audio_encoder.base."
_HTSAT = f"{_AUDIO}htsat."
_WIDTH = "audio_encoder.projection.linear1.weight"


class Network(nn.Module):
    """Both encoders, with the published names of tensors."""

    def __init__(self, audio: HTSAT | cnn14.Cnn14, text: GPT2Model | BertModel, width: int) -> None:
        super().__init__()
        self.audio_encoder = nn.ModuleDict({"base": audio, "projection": Projection(audio.width, width)})
        self.caption_encoder = nn.ModuleDict({"base": text, "projection": Projection(text.config.hidden_size, width)})
        self.logit_scale = nn.Parameter(torch.empty([]))


class MicrosoftClap(ContrastiveModel):
    """Microsoft's CLAP of 2023.

    Args:
        network: on its device.
        tokenizer: of its text encoder.
        crop: part of a long sound to use.
        fingerprint: of the weights.
    """

    rate = RATE
    seconds: ClassVar[int] = htsat.SECONDS
    """Length of the sound that it hears at a time."""

    def __init__(self, network: Network, tokenizer: Any, *, crop: str, fingerprint: str) -> None:
        self.network, self.tokenizer, self.crop, self._fingerprint = network.eval().requires_grad_(False), tokenizer, crop, fingerprint

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def scale(self) -> float:
        return float(self.network.logit_scale.exp())

    def clips(self, samples: np.ndarray) -> tuple[list[np.ndarray], bool]:
        return windows(samples, RATE * self.seconds, self.crop)

    def embed_clips(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        encoder, scale = self.network.audio_encoder, self.network.logit_scale
        samples = torch.from_numpy(np.stack(clips)).to(scale.device, scale.dtype)
        return encoder["projection"](encoder["base"](samples))

    def embed_captions(self, captions: Sequence[str]) -> torch.Tensor:
        return torch.cat([self._embed_caption(caption) for caption in captions])

    def _embed_caption(self, caption: str) -> torch.Tensor:
        ids = self.tokenizer(caption + _END, return_tensors="pt", add_special_tokens=False)["input_ids"]
        encoder = self.network.caption_encoder
        _check_length(caption, ids.shape[1], encoder["base"].config.n_positions)
        last = encoder["base"](ids.to(self.network.logit_scale.device)).last_hidden_state[:, -1]
        return encoder["projection"](last)


class MicrosoftClap2022(MicrosoftClap):
    """Microsoft's CLAP of 2022. A caption is padded to a hundred tokens, as published; a longer one is not cut."""

    seconds = cnn14.SECONDS

    def _embed_caption(self, caption: str) -> torch.Tensor:
        batch = self.tokenizer(caption, padding="max_length", max_length=_TOKENS, truncation=False, return_tensors="pt")
        encoder = self.network.caption_encoder
        _check_length(caption, batch["input_ids"].shape[1], encoder["base"].config.max_position_embeddings)
        first = encoder["base"](**batch.to(self.network.logit_scale.device)).last_hidden_state[:, 0]
        return encoder["projection"](first)


def _check_length(caption: str, tokens: int, limit: int) -> None:
    if tokens > limit:
        raise ModelError(f"the caption {caption!r} has {tokens} tokens, more than the model's {limit}")


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


def _of_2022(tensors: Tensors, parts: CheckpointFiles, width: int) -> tuple[Network, Tensors]:
    """The network, and the tensors under its names."""
    of_audio = {name.removeprefix(_AUDIO): tensor for name, tensor in tensors.items() if name.startswith(_AUDIO)}
    return Network(cnn14.Cnn14(of_audio), BertModel(BertConfig.from_pretrained(parts.folders["text"])), width), tensors


def _of_2023(tensors: Tensors, parts: CheckpointFiles, width: int) -> tuple[Network, Tensors]:
    """The network, and the tensors under its names."""
    tensors = split_htsat(tensors)
    audio = HTSAT(audio_config(parts.weights.parent), window_of(tensors) or 1024)
    return Network(audio, GPT2Model(GPT2Config.from_pretrained(parts.folders["text"])), width), tensors


_VERSIONS = {2022: (_of_2022, cnn14.UNUSED, MicrosoftClap2022), 2023: (_of_2023, UNUSED, MicrosoftClap)}


@checkpoint_loader
def load(entry: Model, name: str, labels: Sequence[Label], _template: Template) -> ContrastiveResponder:
    """Load Microsoft's CLAP; see :mod:`cuealign.models.backends`."""
    options = Options.model_validate(entry.options)
    _check_version(entry.path, name, options.version)
    parts = CheckpointFiles(entry, name, WEIGHTS[options.version], {"text": options.text})
    build, unused, kind = _VERSIONS[options.version]
    published = read_tensors(parts.weights)
    network, tensors = build(published, parts, published[_WIDTH].shape[0] if _WIDTH in published else 1024)
    load_strictly(network, tensors, parts.weights, ignored=unused)
    model = kind(
        network.to(entry.device, getattr(torch, entry.dtype)),
        AutoTokenizer.from_pretrained(parts.folders["text"]),
        crop=options.crop,
        fingerprint=parts.fingerprint,
    )
    return ContrastiveResponder(model, labels, batch=batch_size(entry.device))


def _check_version(folder: str | None, name: str, version: int) -> None:
    """Refuse a folder that has the weights of another version only.

    Raises:
        ModelError: with the option to set.
    """
    if folder is None or Path(folder, WEIGHTS[version]).is_file():
        return
    for other, file in WEIGHTS.items():
        if Path(folder, file).is_file():
            raise ModelError(f"{folder}: has {file}, but no {WEIGHTS[version]}; add it, or set models.{name}.options.version: {other}")
