"""corrupt(p): replace each token, with probability p, by one drawn uniformly from the vocabulary of its concept.

The drawn token may equal the old one, as in the paper: "a randomly sampled token from the same token vocabulary". UNVOICED is
a state of the signal and is never drawn.
"""

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.interventions.base import Intervention, KeyedRandom


def corrupt(sequences: np.ndarray, p: float, random: KeyedRandom, _options: PluginOptions) -> np.ndarray:
    """Replace tokens with probability ``p``, in [0, 1]."""
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
