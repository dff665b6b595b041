"""Whether the parts of a checkpoint belong together: tokenizer, feature extractor, audio encoder, language model."""

from typing import Any, TypeVar

import numpy as np
import torch

from cuealign.core import audio as audio_module
from cuealign.core.errors import CuealignError, ModelError
from cuealign.models.huggingface import HuggingFaceModel
from cuealign.models.loading import Origin

_SECONDS = 0.5

_Model = TypeVar("_Model", bound=HuggingFaceModel)


def checked(model: _Model, source: Origin, extractor: Any = None) -> _Model:
    """The model, if its parts fit.

    Args:
        model: loaded, with its frontend.
        source: of the checkpoint, for messages.
        extractor: of audio features, where the backend knows it.

    Raises:
        ModelError: if they do not, with the part that is wrong.
    """
    frontend = model.frontend
    rate, side = getattr(extractor, "sampling_rate", audio_module.RATE), getattr(extractor, "padding_side", "right")
    if rate != audio_module.RATE:
        raise ModelError(f"{source.folder}: its feature extractor is made for {rate} Hz, but these models hear {audio_module.RATE} Hz")
    if side != "right":
        raise ModelError(f"{source.folder}: its feature extractor pads in front (padding_side: {side}), where the sound would be cut off")
    own = next((source.config[key] for key in ("audio_token_index", "audio_token_id") if isinstance(source.config.get(key), int)), None)
    if own not in (None, frontend.audio_token):
        raise ModelError(
            f"{source.folder}: the audio token is {own} in config.json, but {frontend.audio_token} in the tokenizer; "
            "one of them belongs to another checkpoint"
        )
    rows = model.language_model.get_input_embeddings().weight.shape[0]
    if len(frontend.tokenizer) > rows:
        raise ModelError(
            f"{source.folder}: the tokenizer has {len(frontend.tokenizer)} tokens, but the model has embeddings for {rows}; "
            "the tokenizer belongs to another checkpoint"
        )
    _try(model, source)
    return model


@torch.inference_mode()
def _try(model: HuggingFaceModel, source: Origin) -> None:
    """Pass half a second of noise through all parts."""
    noise = np.random.default_rng(0).normal(0, 0.1, int(_SECONDS * audio_module.RATE)).astype(np.float32)
    try:
        prepared = model.frontend.prepare(noise)
        encoded = model.encode([prepared])
        width = model.embed_text(torch.tensor([0], device=model.device)).shape[-1]
        model.frontend.tokenise("prompt", prepared.tokens)
    except CuealignError:
        raise
    except Exception as error:  # shapes that do not match, a template that raises
        first = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{source.folder}: its parts do not belong together: half a second of sound gives {type(error).__name__}: {first}"
        ) from error
    if encoded.shape != (prepared.tokens, width):
        raise ModelError(
            f"{source.folder}: its audio encoder gives {tuple(encoded.shape)} for {prepared.tokens} audio tokens of width {width}; "
            "the feature extractor or the projector belongs to another checkpoint"
        )
