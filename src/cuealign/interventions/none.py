"""none: the audio-only prompt, without a cue block."""

import numpy as np

from cuealign.interventions.base import Draws, Intervention


def remove(sequences: np.ndarray, _p: float, _draws: Draws) -> np.ndarray:
    """Empty every position."""
    return np.full_like(sequences, "")


INTERVENTION = Intervention("none", "Audio only", remove, has_cue_block=False)
