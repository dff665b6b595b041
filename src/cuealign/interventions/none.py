"""none: remove the cue block, which leaves the audio-only prompt."""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.interventions.base import Intervention, KeyedRandom


def remove(sequences: np.ndarray, _p: float, _random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Replace every token by an empty string."""
    return np.full_like(sequences, "")


INTERVENTION = Intervention("Audio-only", remove, has_cue_block=False)
