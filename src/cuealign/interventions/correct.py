"""correct: the utterance's own tokens."""

import numpy as np

from cuealign.interventions.base import Draws, Intervention


def keep(sequences: np.ndarray, _p: float, _draws: Draws) -> np.ndarray:
    """Return the sequences as they are."""
    return sequences.copy()


INTERVENTION = Intervention("correct", "Correct", keep)
