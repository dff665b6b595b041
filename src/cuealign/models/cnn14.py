"""CNN14 of PANNs (Kong et al., 2020), the audio encoder of Microsoft's CLAP of 2022, with its published names of tensors.

Sizes are taken from the tensors; those that are missing get the published ones, so that loading can say what is missing.
"""

import re

import torch
from torch import nn

from cuealign.models.log_mel import HOP, log_mel
from cuealign.models.tensors import Tensors

SECONDS = 5
"""Length (s) of the input."""

_WINDOW, _BANDS = 1024, 64
_WIDTHS = (64, 128, 256, 512, 1024, 2048)  # of the six blocks
_POOLED = 5  # blocks that halve frames and bands; the last one does not

UNUSED = {re.compile(r"\bfc_audioset\."): "a classifier of sound events"}
"""Tensors that do not affect embeddings, with the reason."""


class Block(nn.Module):
    """Two convolutions of 3 x 3, each with batch norm and ReLU."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outside), nn.BatchNorm2d(outside)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Map images of shape ``(sounds, inside, frames, bands)`` to ``(sounds, outside, frames, bands)``."""
        return self.bn2(self.conv2(self.bn1(self.conv1(image)).relu())).relu()


class Cnn14(nn.Module):
    """Maps samples to one vector.

    Args:
        tensors: of the encoder, under their published names.
    """

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()

        def size(name: str, axis: int, otherwise: int) -> int:
            return tensors[name].shape[axis] if name in tensors and tensors[name].dim() > axis else otherwise

        window, bands = size("spectrogram_extractor.stft.conv_real.weight", 2, _WINDOW), size("logmel_extractor.melW", 1, _BANDS)
        kernels = {name: nn.Conv1d(1, window // 2 + 1, window, stride=HOP, bias=False) for name in ("conv_real", "conv_imag")}
        self.spectrogram_extractor = nn.ModuleDict({"stft": nn.ModuleDict(kernels)})
        self.logmel_extractor = nn.ParameterDict({"melW": torch.empty(window // 2 + 1, bands)})
        self.bn0 = nn.BatchNorm2d(bands)
        inside = 1
        for number, width in enumerate(_WIDTHS, start=1):
            outside = size(f"conv_block{number}.conv1.weight", 0, width)
            setattr(self, f"conv_block{number}", Block(inside, outside))
            inside = outside
        self.width = size("fc1.weight", 0, inside)
        self.fc1 = nn.Linear(inside, self.width)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Embed sounds of equal length, shape ``(sounds, samples)``, as ``(sounds, width)``."""
        stft = self.spectrogram_extractor["stft"]
        bands = log_mel(samples, stft["conv_real"].weight, stft["conv_imag"].weight, self.logmel_extractor["melW"])
        image = self.bn0(bands.transpose(1, 2)[..., None]).permute(0, 3, 2, 1)  # the norm is that of each band
        for number in range(1, len(_WIDTHS) + 1):
            image = self.get_submodule(f"conv_block{number}")(image)
            if number <= _POOLED:
                image = nn.functional.avg_pool2d(image, 2)
        frames = image.mean(3)
        return self.fc1(frames.amax(2) + frames.mean(2)).relu()
