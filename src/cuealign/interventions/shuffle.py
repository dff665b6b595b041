"""shuffle: token sequences reassigned by a random permutation over the evaluation split.

Marginal and joint distributions of the tokens stay as they are; only the alignment with the audio is lost.
"""

import numpy as np

from cuealign.interventions.base import Draws, Intervention


def reassign(sequences: np.ndarray, _p: float, draws: Draws) -> np.ndarray:
    """Give every utterance the sequence of another (or, by chance, its own)."""
    return sequences[draws.permutation()]


INTERVENTION = Intervention("shuffle", "Shuffle", reassign, uses_seed=True)
