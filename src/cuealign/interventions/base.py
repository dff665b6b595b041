"""What an intervention is, and its random numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cuealign.seeding import generator


@dataclass(frozen=True)
class Draws:
    """Random numbers of one condition.

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
    """A way to perturb token sequences.

    Attributes:
        name: as in the config and in paths.
        title: as in figures and tables.
        apply: maps (sequences of shape ``(utterances, 6)``, p, draws, options) to sequences of the same shape.
        uses_p: whether the strength ``p`` matters; otherwise it is 0.
        uses_seed: whether draws are random; otherwise the seed is 0.
        has_cue_block: False if the prompt is left without a cue block.
    """

    name: str
    title: str
    apply: Callable[..., np.ndarray]
    uses_p: bool = False
    uses_seed: bool = False
    has_cue_block: bool = True
