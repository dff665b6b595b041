"""shuffle: token sequences reassigned by a random permutation over the evaluation split.

Marginal and joint distributions of the tokens stay as they are; only the alignment with the audio is lost.
"""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.interventions.base import Intervention, KeyedRandom


def reassign(sequences: np.ndarray, _p: float, random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Give every utterance the sequence of another (or, by chance, its own)."""
    return sequences[random.permutation()]


INTERVENTION = Intervention("Shuffle", reassign, is_random=True)
