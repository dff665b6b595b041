"""shuffle: a random permutation of the token sequences."""

import collections

from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.vocabulary import CONCEPTS
from tests.support.token_sequences import distinct, fast, keys, perturb, sequences


@fast
@given(tokens=sequences(), key=keys)
def test_shuffle_keeps_the_multiset_of_sequences_and_the_marginals(tokens, key):
    shuffled = perturb("shuffle", tokens, **key)
    assert collections.Counter(shuffled.values()) == collections.Counter(tokens.values())
    for column in range(len(CONCEPTS)):
        assert sorted(row[column] for row in shuffled.values()) == sorted(row[column] for row in tokens.values())


@fast
@given(order=st.permutations(range(40)), seed=st.sampled_from(["0", "1", "2"]))
def test_shuffle_does_not_depend_on_the_order_in_which_utterances_are_listed(order, seed):
    tokens = distinct(40)
    names = list(tokens)
    reordered = {names[i]: tokens[names[i]] for i in order}
    assert perturb("shuffle", reordered, seed=seed) == perturb("shuffle", tokens, seed=seed)


def test_shuffle_moves_most_sequences_and_is_repeatable():
    tokens = distinct(200)
    shuffled = perturb("shuffle", tokens, seed="0")
    # A random permutation leaves one utterance on average in its place, by Poisson's law: above 10 with probability 1e-8.
    assert sum(shuffled[name] == tokens[name] for name in tokens) <= 10
    assert perturb("shuffle", tokens, seed="0") == shuffled


def test_shuffle_differs_between_seeds():
    tokens = distinct(40)
    results = [tuple(perturb("shuffle", tokens, seed=str(seed)).values()) for seed in range(20)]
    assert len(set(results)) == 20  # two of 40! permutations


def test_shuffle_can_give_any_utterance_the_sequence_of_any_other():
    tokens = distinct(5)
    met = collections.Counter()
    for seed in range(120):
        met.update(perturb("shuffle", tokens, seed=str(seed)).items())
    # Each of the 20 pairs has probability 1/5 or 1/4 each time: all of them in 120 times but for 20 * 0.8^120 = 5e-11.
    # A rotation by a random offset, too, would meet all pairs; a fixed rotation would meet 5.
    assert all(met[name, tokens[other]] for name in tokens for other in tokens if name != other)


def test_shuffle_is_not_just_a_rotation_of_the_list():
    tokens = distinct(7)
    orders = set()
    for seed in range(60):
        owner = {row: name for name, row in tokens.items()}
        orders.add(tuple(owner[row] for row in perturb("shuffle", tokens, seed=str(seed)).values()))
    # 7 rotations against 5040 permutations, of which 60 draws meet some 59.6.
    assert len(orders) > 50


def test_shuffle_of_one_utterance_changes_nothing():
    tokens = distinct(1)
    assert perturb("shuffle", tokens, seed="0") == tokens
