"""Text and audio embeddings in one sequence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cuealign.core.errors import ModelError
from cuealign.models.base import CausalModel, PreparedAudio
from cuealign.models.transfer import to_device


def embed(model: CausalModel, tokens: np.ndarray, audios: Sequence[PreparedAudio]) -> Any:
    """Input embeddings of tokens, with audio embeddings in place of the placeholders.

    Args:
        model: an audio language model.
        tokens: ids, shape ``(length,)``, with the placeholders of all audios.
        audios: in the order of their placeholders; one that occurs several times is encoded once.

    Returns:
        Shape ``(1, length, hidden)``, on the model's device.

    Raises:
        ModelError: if the numbers of placeholders, audio embeddings and audio tokens differ, since audio would be lost silently.
    """
    places = torch.from_numpy(np.flatnonzero(tokens == model.frontend.audio_token))
    encoded, expected = _encode(model, audios), sum(audio.tokens for audio in audios)
    if len(places) != expected or len(encoded) != expected:
        raise ModelError(f"{len(places)} audio placeholders and {len(encoded)} audio embeddings for {expected} audio tokens")
    embeddings = model.embed_text(to_device(torch.from_numpy(tokens), model.device))
    return embeddings.index_copy(0, to_device(places, model.device), encoded.to(embeddings.dtype))[None]


def _encode(model: CausalModel, audios: Sequence[PreparedAudio]) -> torch.Tensor:
    """Embeddings of audios, concatenated; equal ones are encoded once."""
    distinct = list({id(audio): audio for audio in audios}.values())
    encoded = model.encode(distinct)
    if len(distinct) == len(audios) or len(encoded) != sum(audio.tokens for audio in distinct):
        return encoded
    parts = dict(zip(map(id, distinct), encoded.split([audio.tokens for audio in distinct]), strict=True))
    return torch.cat([parts[id(audio)] for audio in audios])
