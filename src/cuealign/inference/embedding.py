"""Text and audio embeddings in one sequence."""

from collections.abc import Sequence
from typing import Any

from cuealign.errors import ModelError
from cuealign.models.base import CausalModel, PreparedAudio


def embed(model: CausalModel, tokens: Any, audios: Sequence[PreparedAudio]) -> Any:
    """Input embeddings of tokens, audio in the place of its placeholders.

    Args:
        model: an audio language model.
        tokens: ids on the model's device, shape ``(1, length)``, with the placeholders of all audios.
        audios: in the order in which they occur.

    Returns:
        Shape ``(1, length, hidden)``.

    Raises:
        ModelError: if there are not as many placeholders as audio tokens: audio must never be lost silently.
    """
    embeddings = model.embed_text(tokens)
    places = tokens[0] == model.frontend.audio_token
    heard, expected = model.encode(audios), sum(audio.tokens for audio in audios)
    if int(places.sum()) != expected or len(heard) != expected:
        raise ModelError(f"{int(places.sum())} audio placeholders and {len(heard)} audio embeddings for {expected} audio tokens")
    embeddings[0, places] = heard.to(embeddings.dtype)
    return embeddings
