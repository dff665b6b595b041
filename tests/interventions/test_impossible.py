"""Impossible blocks, against loops over all pairs and all blocks."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.interventions.impossible import distance, impossible, impossible_among_others


def random_tokens(count: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({concept: random.choice(list(TOKENS[concept]), count) for concept in CONCEPTS})


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_impossible_blocks_equal_a_search_over_all_pairs(seed):
    corpus, blocks = random_tokens(60, seed), random_tokens(50, seed + 100)
    known = [tuple(row) for row in corpus[list(CONCEPTS)].itertuples(index=False)]
    expected = [
        any(not any((row[i], row[j]) == (real[i], real[j]) for real in known) for i, j in combinations(range(6), 2))
        for row in blocks[list(CONCEPTS)].itertuples(index=False)
    ]
    assert impossible(blocks, corpus).tolist() == expected
    assert 0 < sum(expected) < len(expected)
    assert not impossible(corpus, corpus).any()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_distance_is_that_to_the_nearest_real_block(seed):
    corpus, blocks = random_tokens(40, seed), random_tokens(30, seed + 100)
    known = [tuple(row) for row in corpus[list(CONCEPTS)].itertuples(index=False)]
    rows = blocks[list(CONCEPTS)].itertuples(index=False)
    expected = [min(sum(a != b for a, b in zip(row, real, strict=True)) for real in known) for row in rows]
    assert distance(blocks, corpus).tolist() == expected
    assert not distance(corpus, corpus).any()


def test_real_blocks_of_other_speakers_are_compared_with_those_of_the_rest():
    corpus = random_tokens(60, 5)
    speakers = pd.Series(np.arange(60) % 4)
    expected = [impossible(corpus.iloc[[place]], corpus[speakers != speakers[place]])[0] for place in range(60)]
    assert impossible_among_others(corpus, speakers).tolist() == expected
