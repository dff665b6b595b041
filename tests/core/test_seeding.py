"""Draws depend on their key alone: they are the same on every machine, and no draw changes another one."""

from itertools import product

import numpy as np

from cuealign.core.seeding import derive_seed, generator


def test_seeds_and_draws_are_the_same_on_every_machine():
    """Results that were published with these draws must stay reproducible: do not change the numbers."""
    assert derive_seed(0, "u1", "corrupt") == 192546526713954805778711587419455032236
    np.testing.assert_array_equal(generator(0, "u1", "corrupt").integers(0, 1000, 4), [262, 597, 549, 559])


def test_the_same_key_gives_the_same_stream():
    np.testing.assert_array_equal(generator(1, "a").random(100), generator(1, "a").random(100))


def test_keys_that_differ_in_any_part_give_other_seeds():
    keys = [*product((0, 1), ("a", "b"), ("x", "y")), (0, "a"), (0, "ax"), (0,), (), ("a", "bc"), ("ab", "c"), ("abc",)]
    assert len({derive_seed(*key) for key in keys}) == len(keys)


def test_numbers_and_their_text_are_the_same_part_of_a_key():
    assert derive_seed(1, 0.5) == derive_seed("1", "0.5")


def test_a_generator_does_not_depend_on_those_before():
    expected = generator("b").random(5)
    generator("a").random(1000)
    np.testing.assert_array_equal(generator("b").random(5), expected)


def test_streams_of_neighbouring_keys_are_not_correlated():
    draws = np.stack([generator(0, f"u{number}").standard_normal(2000) for number in range(20)])
    correlations = np.corrcoef(draws)[np.triu_indices(20, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(2000)  # five standard deviations


def test_seeds_have_128_bits():
    seeds = [derive_seed(number) for number in range(500)]
    assert max(seeds) < 2**128
    assert min(seed.bit_length() for seed in seeds) > 100
