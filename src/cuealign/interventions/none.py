"""none: the audio-only prompt, without a cue block."""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.interventions.base import Intervention, KeyedRandom


def remove(sequences: np.ndarray, _p: float, _random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Empty every position."""
    return np.full_like(sequences, "")


INTERVENTION = Intervention("Audio-only", remove, has_cue_block=False)
