"""HTS-AT (Chen et al., 2022), the audio encoder of Microsoft's CLAP and of Pengi, from their published checkpoints.

Its transformer is that of transformers' ``ClapAudioModel``. The spectrogram is computed with the kernels in the checkpoint, as
in the published code (:mod:`cuealign.models.log_mel`).
"""

import json
import re
from pathlib import Path

import torch
from torch import nn
from transformers import ClapAudioConfig, ClapAudioModel

from cuealign.models.log_mel import log_mel
from cuealign.models.tensors import Tensors

RATE, SECONDS = 44_100, 7
"""Sampling rate (Hz) and length (s) of the input of these systems."""

_NAMES = (
    (r"^bn0\.", "audio_encoder.batch_norm."),
    (r"^(patch_embed|layers|norm)\b", r"audio_encoder.\1"),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.relative_position", ".attention.self.relative_position"),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
)

UNUSED = {
    re.compile(r"\bhtsat\.(tscam_conv|head)\."): "a classifier of sound events",
    re.compile(r"\.attn_mask$"): "attention mask of shifted windows, a constant",
    re.compile(r"\bencoder\.batch_norm\.num_batches_tracked$"): "a counter of training steps",
}
"""Tensors that do not affect embeddings, with the reason."""


class HTSAT(nn.Module):
    """Maps samples to one vector.

    Args:
        config: of the transformer.
        window: samples of a frame.
    """

    def __init__(self, config: ClapAudioConfig, window: int) -> None:
        super().__init__()
        self.register_buffer("real", torch.empty(window // 2 + 1, 1, window))
        self.register_buffer("imaginary", torch.empty(window // 2 + 1, 1, window))
        self.register_buffer("mel", torch.empty(window // 2 + 1, config.num_mel_bins))
        self.transformer = ClapAudioModel(config)
        self.width = config.hidden_size

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Embed sounds of equal length, shape ``(sounds, samples)``, as ``(sounds, width)``."""
        bands = log_mel(samples, self.real, self.imaginary, self.mel)
        return self.transformer(input_features=bands[:, None]).pooler_output


def audio_config(folder: Path) -> ClapAudioConfig:
    """Config of the transformer: that of ``audio/config.json`` if the checkpoint has it, else the published sizes."""
    file = folder / "audio" / "config.json"
    sizes = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return ClapAudioConfig(**sizes)


def translate(tensors: Tensors) -> Tensors:
    """Rename published tensors (without the prefix up to ``htsat``) to the names of :class:`HTSAT`."""
    translated = {}
    for name, tensor in tensors.items():
        if name.startswith("spectrogram_extractor.stft.conv_"):
            translated["real" if "conv_real" in name else "imaginary"] = tensor
        elif name == "logmel_extractor.melW":
            translated["mel"] = tensor
        else:
            for pattern, new in _NAMES:
                name = re.sub(pattern, new, name)
            if ".attn.qkv." in name:
                # Published: one matrix for queries, keys and values; here: three.
                for part, rows in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                    translated["transformer." + name.replace(".attn.qkv.", f".attention.self.{part}.")] = rows
            else:
                translated[f"transformer.{name}"] = tensor
    return translated
