"""The log-mel spectrogram of torchlibrosa, with the kernels that a checkpoint stores: of HTS-AT and of CNN14."""

import torch
from torch import nn

HOP = 320
"""Samples between two frames."""

_FLOOR = 1e-10  # lowest power of a band


def log_mel(samples: torch.Tensor, real: torch.Tensor, imaginary: torch.Tensor, mel: torch.Tensor) -> torch.Tensor:
    """Decibels in mel bands, of frames around every :data:`HOP`-th sample; the ends of the sound are mirrored.

    Args:
        samples: sounds of equal length, shape ``(sounds, samples)``.
        real, imaginary: kernels of the windowed Fourier transform, shape ``(window / 2 + 1, 1, window)``.
        mel: weights of the bands, shape ``(window / 2 + 1, bands)``.

    Returns:
        Shape ``(sounds, frames, bands)``.
    """
    half = real.shape[-1] // 2
    padded = nn.functional.pad(samples[:, None], (half, half), mode="reflect")
    power = sum(nn.functional.conv1d(padded, kernel, stride=HOP) ** 2 for kernel in (real, imaginary))
    return 10 * (power.transpose(1, 2) @ mel).clamp(min=_FLOOR).log10()
