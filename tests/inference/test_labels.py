"""The tree of label answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.inference.labels import LabelTree


@given(st.sets(st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple), min_size=1, max_size=6), st.data())
def test_label_tree_holds_every_sequence_and_greedy_follows_it(sequences, data):
    ordered = sorted(sequences)
    tree = LabelTree.build([[*sequence, 9] for sequence in ordered])  # 9 ends an answer
    for sequence in tree.sequences:
        nodes = tree.walk(sequence)
        assert [tree.tokens[node] for node in nodes[1:]] == list(sequence[:-1])
        assert sorted(tree.ancestors(nodes[-1])) == sorted(nodes[1:])
    best = data.draw(st.lists(st.sampled_from([0, 1, 2, 3, 9]), min_size=1 + len(tree.tokens), max_size=1 + len(tree.tokens)))
    found = tree.greedy(best)
    # Oracle: walk token by token.
    path: tuple[int, ...] = ()
    while True:
        place = {(): 0} | {tuple(s[:depth]): 1 + tree.walk(s)[depth] for s in tree.sequences for depth in range(1, len(s))}
        if path not in place:
            expected = None
            break
        path = (*path, best[place[path]])
        if path in tree.sequences:
            expected = tree.sequences.index(path)
            break
    assert found == expected


def test_empty_and_equal_labels_are_refused():
    with pytest.raises(ValueError, match="a label has no tokens"):
        LabelTree.build([(1, 9), ()])
    with pytest.raises(ValueError, match="two labels have the same tokens"):
        LabelTree.build([(1, 9), [1, 9]])
