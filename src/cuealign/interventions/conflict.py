"""conflict: every ordinal token replaced by its mirror image, VOICE_QUALITY by a contrary one.

The paper inverts ordinal bins and is silent on VOICE_QUALITY, which has no order. The default map is
this project's choice; ``intervention_options.conflict.voice_quality`` in the config replaces it.
"""

from collections.abc import Mapping

import numpy as np

from cuealign.interventions.base import Draws, Intervention
from cuealign.vocabulary import CONCEPTS, TOKENS, UNVOICED

VOICE_QUALITY = {"BREATHY": "PRESSED", "PRESSED": "BREATHY", "MODAL": "ROUGH", "ROUGH": "MODAL", "CREAKY": "MODAL"}


def contradict(sequences: np.ndarray, _p: float, _draws: Draws, *, voice_quality: Mapping[str, str] = VOICE_QUALITY) -> np.ndarray:
    """Mirror the levels (lowest to highest, middle fixed); UNVOICED stays."""
    result = sequences.copy()
    for column, concept in enumerate(CONCEPTS):
        levels = TOKENS[concept]
        mirror = dict(voice_quality) if concept == "VOICE_QUALITY" else dict(zip(levels, reversed(levels), strict=True))
        mirror[UNVOICED] = UNVOICED
        result[:, column] = [mirror[token] for token in sequences[:, column]]
    return result


INTERVENTION = Intervention("conflict", "Conflict", contradict)
