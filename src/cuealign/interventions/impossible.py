"""Impossible blocks: cue blocks with a pair of tokens that no utterance of the corpus has.

Loud speech is rarely static, and a high voice has high formants. A perturbed block may say what no speaker does, and a model may
then react to the impossible rather than to the wrong. Which pairs never occur depends on the size of the corpus.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from cuealign.core.vocabulary import CONCEPTS

_PAIRS = list(combinations(range(len(CONCEPTS)), 2))

_CHUNK = 256  # blocks whose distances are computed at once


def _codes(*tables: pd.DataFrame) -> list[np.ndarray]:
    """Tokens as integers, one column per concept, the same integers in all tables."""
    together = pd.concat([table[list(CONCEPTS)] for table in tables], ignore_index=True)
    codes = np.stack([pd.factorize(together[concept])[0] for concept in CONCEPTS], axis=1)
    return np.split(codes, np.cumsum([len(table) for table in tables])[:-1])


def impossible(blocks: pd.DataFrame, corpus: pd.DataFrame) -> np.ndarray:
    """Whether each block has a pair of tokens that no utterance of the corpus has.

    Args:
        blocks, corpus: columns of the six concepts.

    Returns:
        Shape ``(blocks,)``.
    """
    own, real = _codes(blocks, corpus)
    found, size = np.zeros(len(own), dtype=bool), max(own.max(initial=0), real.max(initial=0)) + 1
    for a, b in _PAIRS:
        known = np.zeros((size, size), dtype=bool)
        known[real[:, a], real[:, b]] = True
        found |= ~known[own[:, a], own[:, b]]
    return found


def distance(blocks: pd.DataFrame, corpus: pd.DataFrame) -> np.ndarray:
    """In how many tokens each block differs from the nearest one of the corpus, shape ``(blocks,)``."""
    asked, known = _codes(blocks, corpus)
    real = np.unique(known, axis=0)
    own, place = np.unique(asked, axis=0, return_inverse=True)
    equal = []
    for start in range(0, len(own), _CHUNK):
        part = own[start : start + _CHUNK]
        equal.append(sum((part[:, None, column] == real[:, column]).astype(np.int8) for column in range(len(CONCEPTS))).max(axis=1))
    return len(CONCEPTS) - np.concatenate(equal)[place.ravel()]


def impossible_among_others(corpus: pd.DataFrame, speakers: pd.Series) -> np.ndarray:
    """Whether each utterance of the corpus has a pair of tokens that no utterance of another speaker has, shape ``(corpus,)``.

    This is what blocks of new speakers would show that are perfectly real.
    """
    found = np.zeros(len(corpus), dtype=bool)
    for a, b in _PAIRS:
        found |= (speakers.groupby([corpus[CONCEPTS[a]], corpus[CONCEPTS[b]]]).transform("nunique") == 1).to_numpy()
    return found
