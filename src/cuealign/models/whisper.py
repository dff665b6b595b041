"""Whisper's encoder, which Qwen2-Audio and Audio Flamingo 3 share, run on the sound without its padding."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import gelu

from cuealign.core import audio as audio_module
from cuealign.models.base import PreparedAudio
from cuealign.models.huggingface import HuggingFaceModel
from cuealign.models.transfer import to_device

_MARGIN = 8
"""Frames of padding to keep: the convolutions look three frames ahead."""


def encode_windows(tower: nn.Module, features: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Run the encoder on windows that begin with sound and end with padding.

    The family's own forward runs on whole windows of 30 s and masks the padding; a clip of 4 s is a seventh of that. The result
    here is the same: attention uses valid frames only, and as much padding is kept as the convolutions reach.

    Args:
        tower: ``Qwen2AudioEncoder`` or ``AudioFlamingo3Encoder``.
        features: log-mel spectrograms on the tower's device, shape ``(windows, bins, frames)``.
        frames: valid frames of each window, on the CPU, shape ``(windows,)``.

    Returns:
        Hidden states of the valid tokens of all windows, concatenated, shape ``(tokens, width)``.
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
    """Audio tokens of windows with ``frames`` valid frames: a convolution of stride 2, then the average of pairs."""
    return ((frames - 1) // 2 + 1 - 2) // 2 + 1


def prepare_windows(extractor: Any, audio: np.ndarray, *, limit: int) -> PreparedAudio:
    """Log-mel spectrograms of windows of the extractor's length, the last one padded.

    Args:
        extractor: ``WhisperFeatureExtractor`` of the checkpoint.
        audio: mono float32 samples at 16 kHz, shape ``(n,)``; sounds of less than two audio tokens are padded to two.
        limit: most samples that the model takes; the rest is cut off.
    """
    minimum = 8 * extractor.hop_length  # eight mel frames make two audio tokens, the fewest that the families' classes accept
    if len(audio) < minimum:
        audio = np.pad(audio, (0, minimum - len(audio)))
    used = audio[:limit]
    windows = [used[start : start + extractor.n_samples] for start in range(0, len(used), extractor.n_samples)]
    if len(windows) > 1 and len(windows[-1]) < minimum:  # too short for two tokens
        windows.pop()
    batch = extractor(
        windows, sampling_rate=audio_module.RATE, padding="max_length", truncation=True, return_attention_mask=True, return_tensors="pt"
    )
    features = {"input_features": batch["input_features"], "mask": batch["attention_mask"]}
    return PreparedAudio(features, tokens=int(token_counts(batch["attention_mask"].sum(-1)).sum()), truncated=len(audio) > limit)


class WhisperModel(HuggingFaceModel):
    """A model with this encoder. Its windows come from :func:`prepare_windows`."""

    mask_name: str
    """Argument of the family's forward for the mask of valid frames."""

    def inputs(self, audios: Sequence[PreparedAudio]) -> dict[str, torch.Tensor]:
        features = torch.cat([audio.features["input_features"] for audio in audios])
        masks = torch.cat([audio.features["mask"] for audio in audios])
        return {"input_features": to_device(features, self.device).to(self.dtype), self.mask_name: to_device(masks, self.device)}

    def encode(self, audios: Sequence[PreparedAudio]) -> torch.Tensor:
        frames = torch.cat([audio.features["mask"] for audio in audios]).sum(-1)
        encoded = encode_windows(self.model.model.audio_tower, self.inputs(audios)["input_features"], frames)
        return self.model.model.multi_modal_projector(encoded)
