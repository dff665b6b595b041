"""conflict: replace every token by its opposite.

The paper inverts ordinal bins. It does not say what happens to VOICE_QUALITY, which has no order; its default map is ours. MODAL
stays: most utterances are MODAL, and any other token in its place would say the same of nearly all of them.
"""

from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED
from cuealign.interventions.base import Intervention, KeyedRandom


class Options(PluginOptions):
    """Options of conflict."""

    voice_quality: dict[str, str] = Field(
        default={"BREATHY": "PRESSED", "PRESSED": "BREATHY", "MODAL": "MODAL", "ROUGH": "MODAL", "CREAKY": "MODAL"},
        description="Token of VOICE_QUALITY to the token that contradicts it; complete. Version 0.1 had MODAL to ROUGH.",
    )
    concepts: list[Literal[CONCEPTS]] = Field(
        default=list(CONCEPTS), min_length=1, description="Concepts that are contradicted; the others keep their tokens."
    )

    @field_validator("voice_quality")
    @classmethod
    def _complete(cls, value: dict[str, str]) -> dict[str, str]:
        known = TOKENS["VOICE_QUALITY"]
        wrong = sorted({*value, *value.values()} - set(known)) + [token for token in known if token not in value]
        if wrong:
            raise ValueError(f"must map each of {', '.join(known)} to one of them; see {', '.join(wrong)}")
        return value


def contradict(sequences: np.ndarray, _p: float, _random: KeyedRandom, options: Options) -> np.ndarray:
    """Mirror ordinal tokens (the lowest becomes the highest, MID stays) and map VOICE_QUALITY; UNVOICED stays."""
    result = sequences.copy()
    for concept in options.concepts:
        column = CONCEPTS.index(concept)
        levels = TOKENS[concept]
        mirror = dict(options.voice_quality) if concept == "VOICE_QUALITY" else dict(zip(levels, reversed(levels), strict=True))
        mirror[UNVOICED] = UNVOICED
        result[:, column] = [mirror[token] for token in sequences[:, column]]
    return result


INTERVENTION = Intervention("Conflict", contradict)
