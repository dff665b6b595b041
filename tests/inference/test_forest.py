"""The layout of packed passes: a token attends to its own prompt, and to nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cuealign.inference.forest import Forest, Trie
from cuealign.inference.labels import LabelTree
from cuealign.inference.masks import BLOCK, block_mask, dense_mask

sequences = st.lists(st.integers(0, 2), min_size=1, max_size=6).map(tuple)
utterances = st.lists(
    st.sets(sequences, min_size=1, max_size=7).flatmap(lambda found: st.permutations(sorted(found))), min_size=1, max_size=3
)
labels = st.sets(st.lists(st.integers(3, 5), min_size=0, max_size=3).map(tuple), min_size=1, max_size=4)


def paths(tokens: np.ndarray, seen: np.ndarray) -> list[tuple[int, ...]]:
    """Tokens that each token attends to, in order, itself last."""
    return [tuple(tokens[row].tolist()) for row in seen]


@given(utterances, labels, st.integers(0, 5))
def test_every_token_attends_to_its_own_prompt_and_nothing_else(prompts, words, padding):
    tree = LabelTree.build([(*word, 9) for word in sorted(words)])
    tries = [Trie.build(texts) for texts in prompts]
    size = len(Forest.pack(tries, tree).tokens)
    forest = Forest.pack(tries, tree, size + padding)
    assert forest.used == size
    seen = dense_mask(torch.from_numpy(forest.subtree_ends))[0, 0].numpy()
    found = paths(forest.tokens, seen)
    # The oracle: the prompts themselves, one by one, and each with each beginning of each label.
    row = 0
    for texts in prompts:
        for prompt in texts:
            places = forest.places[row]
            assert found[places[0]] == prompt
            for node in range(len(tree.tokens)):
                behind = tuple(tree.tokens[ancestor] for ancestor in reversed(tree.ancestors(node)))
                assert found[places[node + 1]] == (*prompt, *behind)
            row += 1
    assert row == len(forest.places)
    # A token's position is the number of tokens before it; padding attends to itself only.
    assert [len(path) - 1 for path in found[:size]] == forest.depths[:size].tolist()
    assert (seen[size:].sum(axis=1) == 1).all()
    # Nothing is computed twice: in an utterance, no two tokens have the same history, except the nodes after prompts.
    for texts, trie in zip(prompts, tries, strict=True):
        assert len(trie) == len({prompt[:end] for prompt in texts for end in range(1, len(prompt) + 1)})


def test_equal_prompts_and_empty_ones_are_refused():
    with pytest.raises(ValueError, match="two prompts are equal"):
        Trie.build([(1, 2), (1, 2)])
    with pytest.raises(ValueError, match="a prompt is empty"):
        Trie.build([(1, 2), ()])


def test_a_forest_that_does_not_fit_is_refused():
    tree = LabelTree.build([(3, 9)])
    with pytest.raises(ValueError, match="4 tokens do not fit into 3"):
        Forest.pack([Trie.build([(1, 2, 1)])], tree, 3)


@given(st.sets(st.lists(st.integers(0, 2), min_size=1, max_size=5).map(tuple), min_size=1, max_size=8))
def test_a_subtree_of_a_label_tree_ends_after_the_last_descendant(found):
    tree = LabelTree.build([(*sequence, 9) for sequence in found])
    for node in range(len(tree.tokens)):
        descendants = [other for other in range(len(tree.tokens)) if node in tree.ancestors(other)]
        assert descendants == list(range(node, tree.subtree_ends[node]))


def test_blocks_for_flex_attention_are_those_of_the_dense_mask():
    """Torch's own construction, from the rule and every pair of tokens, is the oracle."""
    from torch.nn.attention.flex_attention import create_block_mask

    random = np.random.default_rng(0)
    tree = LabelTree.build([(3, 9), (3, 4, 9), (5, 9)])
    for prefix, utterance_count in ((5, 6), (200, 3), (300, 1)):
        tries = []
        for _ in range(utterance_count):
            start = tuple(random.integers(0, 9, prefix))
            tries.append(Trie.build(list({(*start, *random.integers(0, 3, random.integers(1, 40))) for _ in range(12)})))
        size = len(Forest.pack(tries, tree).tokens)
        subtree_ends = torch.from_numpy(Forest.pack(tries, tree, -(-size // BLOCK) * BLOCK + BLOCK).subtree_ends)
        mine = block_mask(subtree_ends)

        def sees(_batch, _head, query, key, subtree_ends=subtree_ends):
            return (key <= query) & (query < subtree_ends[key])

        theirs = create_block_mask(sees, None, None, len(subtree_ends), len(subtree_ends), device="cpu", BLOCK_SIZE=BLOCK)
        assert torch.equal(mine.to_dense(), theirs.to_dense())
        for name in ("kv_num_blocks", "full_kv_num_blocks", "q_num_blocks", "full_q_num_blocks"):
            assert torch.equal(getattr(mine, name), getattr(theirs, name)), name
        place = torch.arange(len(subtree_ends))
        assert torch.equal(sees(None, None, place[:, None], place[None]), dense_mask(subtree_ends)[0, 0])
