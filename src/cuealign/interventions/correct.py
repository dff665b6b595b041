"""correct: the utterance's own tokens."""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.interventions.base import Intervention, KeyedRandom


def keep(sequences: np.ndarray, _p: float, _random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Return the sequences as they are."""
    return sequences.copy()


INTERVENTION = Intervention("Correct", keep)
