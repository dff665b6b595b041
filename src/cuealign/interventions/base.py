"""Base classes of interventions, and their random numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.core.seeding import generator


@dataclass(frozen=True)
class KeyedRandom:
    """Random numbers of one condition, seeded by its key.

    Attributes:
        key: (dataset, split, intervention, p, seed).
        utterances: ids, in the order of the token sequences.
    """

    key: tuple[str, ...]
    utterances: tuple[str, ...]

    def each(self, count: int) -> np.ndarray:
        """Uniform numbers in [0, 1), shape ``(utterances, count)``; each row depends only on the key and its utterance."""
        return np.stack([generator(*self.key, utterance).random(count) for utterance in self.utterances])

    def permutation(self) -> np.ndarray:
        """A random permutation of the utterances that does not depend on their order.

        Returns:
            Indices, shape ``(utterances,)``: position ``i`` gets the tokens of position ``result[i]``.
        """
        order = np.argsort(np.array(self.utterances, dtype=object))
        source = np.empty(len(order), dtype=np.intp)
        source[order] = order[generator(*self.key).permutation(len(order))]
        return source


@dataclass(frozen=True)
class Intervention:
    """A way to perturb token sequences. The config and paths use the name of its module.

    Attributes:
        title: name in figures and tables.
        apply: takes token sequences of shape ``(utterances, 6)``, strength p, random numbers and options; returns sequences of the
            same shape.
        has_strength: whether the result depends on p; if not, p is 0.
        is_random: whether random numbers are drawn; if not, the seed is 0.
        has_cue_block: whether the prompt has a cue block.
        has_tokens: whether the cue block says anything; if not, one word without a meaning stands in the place of every token.
    """

    title: str
    apply: Callable[[np.ndarray, float, KeyedRandom, PluginOptions], np.ndarray]
    has_strength: bool = False
    is_random: bool = False
    has_cue_block: bool = True
    has_tokens: bool = True
