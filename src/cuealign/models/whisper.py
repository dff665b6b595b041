"""The audio encoder that Qwen2-Audio and Audio Flamingo 3 share, Whisper's, run on what was heard and not on its padding."""

import torch
from torch import nn
from torch.nn.functional import gelu

from cuealign.models.transfer import to_device

_MARGIN = 8
"""Frames of padding that are kept: the convolutions look three frames ahead."""


def encode_windows(tower: nn.Module, features: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Run the encoder on windows of which the beginnings hold sound.

    The family's own forward runs on whole windows of 30 s and masks the padding; a clip of 4 s is a seventh of that. What
    is computed here is the same: attention sees valid frames only, and the convolutions see as much padding as they reach.

    Args:
        tower: ``Qwen2AudioEncoder`` or ``AudioFlamingo3Encoder``.
        features: log-mel spectrograms on the tower's device, shape ``(windows, bins, frames)``.
        frames: valid frames of each window, on the CPU, shape ``(windows,)``.

    Returns:
        Hidden states of the valid tokens of all windows, one after the other, shape ``(tokens, width)``.
    """
    kept = min(features.shape[-1], int(frames.max()) + _MARGIN)
    hidden = gelu(tower.conv2(gelu(tower.conv1(features[:, :, : kept + kept % 2])))).permute(0, 2, 1)
    hidden = hidden + tower.embed_positions.weight[: hidden.shape[1]]
    lengths = (frames - 1) // 2 + 1
    visible = torch.arange(hidden.shape[1])[None] < lengths[:, None]
    mask = visible[:, None, None].expand(-1, 1, hidden.shape[1], -1)
    mask = to_device(mask.contiguous(), hidden.device)
    for layer in tower.layers:
        hidden = layer(hidden, mask)
    hidden = tower.layer_norm(tower.avg_pooler(hidden.permute(0, 2, 1)).permute(0, 2, 1))
    tokens = token_counts(frames)
    rows = torch.repeat_interleave(torch.arange(len(frames)) * hidden.shape[1], tokens)
    columns = torch.cat([torch.arange(int(count)) for count in tokens])
    return hidden.flatten(0, 1)[to_device(rows + columns, hidden.device)]


def token_counts(frames: torch.Tensor) -> torch.Tensor:
    """Audio tokens of windows with so many valid frames: a convolution of stride 2, then pairs averaged."""
    return ((frames - 1) // 2 + 1 - 2) // 2 + 1
