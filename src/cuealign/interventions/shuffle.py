"""shuffle: permute the token sequences at random within the evaluation split.

The marginal and joint distributions of the tokens stay the same; only the alignment with the audio is lost.
"""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.interventions.base import Intervention, KeyedRandom


def reassign(sequences: np.ndarray, _p: float, random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Give every utterance the sequence of another one or, by chance, its own."""
    return sequences[random.permutation()]


INTERVENTION = Intervention("Shuffle", reassign, is_random=True)
