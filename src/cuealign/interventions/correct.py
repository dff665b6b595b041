"""correct: keep the tokens."""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.interventions.base import Intervention, KeyedRandom


def keep(sequences: np.ndarray, _p: float, _random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Return a copy of the sequences."""
    return sequences.copy()


INTERVENTION = Intervention("Correct", keep)
