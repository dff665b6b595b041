"""Text and audio embeddings in one sequence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cuealign.core.errors import ModelError
from cuealign.models.base import CausalModel, PreparedAudio
from cuealign.models.transfer import to_device


def embed(model: CausalModel, tokens: np.ndarray, audios: Sequence[PreparedAudio]) -> Any:
    """Input embeddings of tokens, audio in the place of its placeholders.

    Args:
        model: an audio language model.
        tokens: ids, shape ``(length,)``, with the placeholders of all audios.
        audios: in the order in which they occur; one that occurs several times is encoded once.

    Returns:
        Shape ``(1, length, hidden)``, on the model's device.

    Raises:
        ModelError: if there are not as many placeholders as audio tokens: audio must never be lost silently.
    """
    places = torch.from_numpy(np.flatnonzero(tokens == model.frontend.audio_token))
    heard, expected = _encode(model, audios), sum(audio.tokens for audio in audios)
    if len(places) != expected or len(heard) != expected:
        raise ModelError(f"{len(places)} audio placeholders and {len(heard)} audio embeddings for {expected} audio tokens")
    embeddings = model.embed_text(to_device(torch.from_numpy(tokens), model.device))
    return embeddings.index_copy(0, to_device(places, model.device), heard.to(embeddings.dtype))[None]


def _encode(model: CausalModel, audios: Sequence[PreparedAudio]) -> torch.Tensor:
    """Embeddings of audios, one after the other, each encoded once."""
    distinct = list({id(audio): audio for audio in audios}.values())
    heard = model.encode(distinct)
    if len(distinct) == len(audios) or len(heard) != sum(audio.tokens for audio in distinct):
        return heard
    parts = dict(zip(map(id, distinct), heard.split([audio.tokens for audio in distinct]), strict=True))
    return torch.cat([parts[id(audio)] for audio in audios])
