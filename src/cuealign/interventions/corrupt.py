"""corrupt(p): each position is, with probability p, replaced by a token drawn uniformly from its concept's vocabulary.

The draw may give the token that was there, as in the paper, whose replacement is "a randomly sampled
token from the same token vocabulary". UNVOICED is a state of the signal and is never drawn.
"""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.interventions.base import Intervention, KeyedRandom


def corrupt(sequences: np.ndarray, p: float, random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Corrupt with strength ``p`` in [0, 1]."""
    count = len(CONCEPTS)
    uniform = random.each(2 * count)
    replace, choice = uniform[:, :count] < p, uniform[:, count:]
    result = sequences.copy()
    for column, concept in enumerate(CONCEPTS):
        vocabulary = np.array(TOKENS[concept], dtype=object)
        drawn = vocabulary[(choice[:, column] * len(vocabulary)).astype(int)]
        result[:, column] = np.where(replace[:, column], drawn, sequences[:, column])
    return result


INTERVENTION = Intervention("Corrupt", corrupt, has_strength=True, is_random=True)
