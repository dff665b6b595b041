"""What an intervention is, and its random numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cuealign.core.registry import PluginOptions
from cuealign.core.seeding import generator


@dataclass(frozen=True)
class KeyedRandom:
    """Random numbers of one condition, keyed by what they are for.

    Attributes:
        key: (dataset, split, intervention, p, seed).
        utterances: ids, in the order of the token sequences.
    """

    key: tuple[str, ...]
    utterances: tuple[str, ...]

    def each(self, count: int) -> np.ndarray:
        """Uniform numbers in [0, 1), shape ``(utterances, count)``; a row depends on its own utterance alone."""
        return np.stack([generator(*self.key, utterance).random(count) for utterance in self.utterances])

    def permutation(self) -> np.ndarray:
        """A random permutation of the utterances, whatever order they are listed in.

        Returns:
            Indices, shape ``(utterances,)``: position i receives what position ``result[i]`` has.
        """
        order = np.argsort(np.array(self.utterances, dtype=object))
        source = np.empty(len(order), dtype=np.intp)
        source[order] = order[generator(*self.key).permutation(len(order))]
        return source


@dataclass(frozen=True)
class Intervention:
    """A way to perturb token sequences. Its name, in the config and in paths, is that of its module.

    Attributes:
        title: in figures and tables.
        apply: maps (sequences of shape ``(utterances, 6)``, strength p, random numbers, options) to sequences of the same shape.
        has_strength: True if p matters; otherwise it is 0.
        is_random: True if random numbers are drawn; otherwise the seed is 0.
        has_cue_block: False if the prompt is left without a cue block.
    """

    title: str
    apply: Callable[[np.ndarray, float, KeyedRandom, PluginOptions], np.ndarray]
    has_strength: bool = False
    is_random: bool = False
    has_cue_block: bool = True
