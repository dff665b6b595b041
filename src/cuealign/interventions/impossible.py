"""Impossible blocks: cue blocks with a pair of tokens that no utterance of the corpus has.

Loud speech is rarely static, and a high voice has high formants. A perturbed block may say what no speaker does, and a model may
then react to the impossible rather than to the wrong. Which pairs never occur depends on the size of the corpus.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from cuealign.core.vocabulary import CONCEPTS

_PAIRS = list(combinations(CONCEPTS, 2))


def impossible(blocks: pd.DataFrame, corpus: pd.DataFrame) -> np.ndarray:
    """Whether each block has a pair of tokens that no utterance of the corpus has.

    Args:
        blocks, corpus: columns of the six concepts.

    Returns:
        Shape ``(blocks,)``.
    """
    found = np.zeros(len(blocks), dtype=bool)
    for pair in _PAIRS:
        known = pd.MultiIndex.from_frame(corpus[list(pair)].drop_duplicates())
        found |= ~pd.MultiIndex.from_frame(blocks[list(pair)]).isin(known)
    return found


def distance(blocks: pd.DataFrame, corpus: pd.DataFrame) -> np.ndarray:
    """In how many tokens each block differs from the nearest one of the corpus, shape ``(blocks,)``."""
    real = corpus[list(CONCEPTS)].drop_duplicates().to_numpy(dtype=object)
    own, place = np.unique(blocks[list(CONCEPTS)].to_numpy(dtype=str), axis=0, return_inverse=True)
    equal = [sum(block[column] == real[:, column].astype(str) for column in range(len(CONCEPTS))).max() for block in own]
    return len(CONCEPTS) - np.array(equal)[place.ravel()]


def impossible_among_others(corpus: pd.DataFrame, speakers: pd.Series) -> np.ndarray:
    """Whether each utterance of the corpus has a pair of tokens that no utterance of another speaker has, shape ``(corpus,)``.

    This is what blocks of new speakers would show that are perfectly real.
    """
    found = np.zeros(len(corpus), dtype=bool)
    for pair in _PAIRS:
        found |= (speakers.groupby([corpus[name] for name in pair]).transform("nunique") == 1).to_numpy()
    return found
