"""conflict: every ordinal token replaced by its mirror image, VOICE_QUALITY by a contrary one.

The paper inverts ordinal bins and is silent on VOICE_QUALITY, which has no order. The map of it is this project's choice.
"""

import numpy as np
from pydantic import Field, field_validator

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED
from cuealign.interventions.base import Intervention, KeyedRandom


class Options(PluginOptions):
    """What contradicts a token that has no order."""

    voice_quality: dict[str, str] = Field(
        default={"BREATHY": "PRESSED", "PRESSED": "BREATHY", "MODAL": "ROUGH", "ROUGH": "MODAL", "CREAKY": "MODAL"},
        description="Token of VOICE_QUALITY to the token that contradicts it; complete.",
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
    """Mirror the levels (lowest to highest, middle fixed); UNVOICED stays."""
    result = sequences.copy()
    for column, concept in enumerate(CONCEPTS):
        levels = TOKENS[concept]
        mirror = dict(options.voice_quality) if concept == "VOICE_QUALITY" else dict(zip(levels, reversed(levels), strict=True))
        mirror[UNVOICED] = UNVOICED
        result[:, column] = [mirror[token] for token in sequences[:, column]]
    return result


INTERVENTION = Intervention("Conflict", contradict)
