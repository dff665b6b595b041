"""corrupt(p): random replacements, against the laws of their probabilities.

All random numbers are keyed by names that are fixed here, so each statistical test gives the same result every time. Its
threshold says how often a correct implementation would fail at another choice of names: less than once in ten thousand each.
"""

import collections
import functools
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS
from cuealign.interventions.apply import apply_intervention
from tests.support.token_sequences import (
    SIGNIFICANCE,
    TEMPLATE,
    Sequences,
    fast,
    keys,
    perturb,
    plain_corpus,
    random_sequences,
    sequences,
    table_of,
    unvoiced_corpus,
)


@fast
@given(tokens=sequences(), key=keys, p=st.sampled_from(["0", "0.0"]))
def test_corrupt_0_is_correct(tokens, key, p):
    result = apply_intervention("corrupt", table_of(tokens), TEMPLATE, dataset="d", p=p, **key)
    assert result.to_dict("list") == table_of(tokens).to_dict("list")


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_corrupt_1_draws_the_tokens_of_a_concept_uniformly_for_every_original_token(seed):
    tokens = plain_corpus()
    result = perturb("corrupt", tokens, p="1", seed=seed)
    for column, concept in enumerate(CONCEPTS):
        for old in TOKENS[concept]:
            counts = collections.Counter(result[name][column] for name, row in tokens.items() if row[column] == old)
            assert set(counts) <= set(TOKENS[concept])
            # Some 300 draws over five tokens: 60 expected each, enough for the chi-square law to hold.
            assert chisquare([counts[token] for token in TOKENS[concept]]).pvalue > SIGNIFICANCE


@pytest.mark.parametrize("seed", ["0", "1"])
def test_corrupt_1_draws_the_positions_of_an_utterance_independently(seed):
    result = list(perturb("corrupt", plain_corpus(), p="1", seed=seed).values())
    for first, second in itertools.combinations(range(len(CONCEPTS)), 2):
        pairs = collections.Counter((row[first], row[second]) for row in result)
        cells = [pairs[pair] for pair in itertools.product(TOKENS[CONCEPTS[first]], TOKENS[CONCEPTS[second]])]
        assert chisquare(cells).pvalue > SIGNIFICANCE  # 25 pairs, 60 expected each


@pytest.mark.parametrize("p", ["0", "0.2", "0.5", "1"])
def test_corrupt_never_draws_unvoiced_but_may_replace_it(p):
    tokens = random_sequences(400, seed=3, unvoiced=0.5)
    result = perturb("corrupt", tokens, p=p, seed="0")
    kept = lost = 0
    for name, row in tokens.items():
        for old, new in zip(row, result[name], strict=True):
            assert new != UNVOICED or old == UNVOICED
            kept += old == new == UNVOICED
            lost += old == UNVOICED != new
    assert (kept > 0) == (p != "1")
    assert (lost > 0) == (p != "0")


@pytest.mark.parametrize("seed", ["0", "1"])
@pytest.mark.parametrize("p", ["0.1", "0.2", "0.4", "0.6", "0.8", "1.0"])
def test_share_of_changed_positions_at_p_is_four_fifths_of_p(p, seed):
    tokens = plain_corpus()
    result = perturb("corrupt", tokens, p=p, seed=seed)
    for column in range(len(CONCEPTS)):
        changed = sum(row[column] != result[name][column] for name, row in tokens.items())
        # Each position is replaced with probability p, and by its own token once in five.
        law = binom(len(tokens), float(p) * (1 - 1 / 5))
        assert law.ppf(SIGNIFICANCE / 2) <= changed <= law.isf(SIGNIFICANCE / 2)


@pytest.mark.parametrize("p", ["0.2", "0.4", "0.8"])
def test_share_of_unvoiced_that_is_replaced_at_p_is_p(p):
    tokens = unvoiced_corpus()
    result = perturb("corrupt", tokens, p=p, seed="0")
    for column, concept in enumerate(CONCEPTS):
        if concept in VOICED_CONCEPTS:
            replaced = sum(result[name][column] != UNVOICED for name in tokens)
            law = binom(len(tokens), float(p))
            assert law.ppf(SIGNIFICANCE / 2) <= replaced <= law.isf(SIGNIFICANCE / 2)


@pytest.mark.parametrize("p", ["0.3", "0.5"])
def test_corrupt_decides_on_each_position_of_an_utterance_independently(p):
    tokens = plain_corpus()
    result = perturb("corrupt", tokens, p=p, seed="0")
    changes = collections.Counter(sum(old != new for old, new in zip(row, result[name], strict=True)) for name, row in tokens.items())
    law = binom(len(CONCEPTS), float(p) * 0.8)
    # Five and six changes are put together, so that no cell expects fewer than five utterances.
    observed = [*(changes[k] for k in range(5)), changes[5] + changes[6]]
    expected = [*(len(tokens) * law.pmf(k) for k in range(5)), len(tokens) * law.sf(4)]
    assert min(expected) > 5
    assert chisquare(observed, expected).pvalue > SIGNIFICANCE


def test_the_replacing_token_is_uniform_also_below_p_1():
    # Every replacement of UNVOICED can be seen, so the replacements can be counted.
    result = perturb("corrupt", unvoiced_corpus(), p="0.5", seed="0")
    for column, concept in enumerate(CONCEPTS):
        if concept in VOICED_CONCEPTS:
            counts = collections.Counter(row[column] for row in result.values())
            assert chisquare([counts[token] for token in TOKENS[concept]]).pvalue > SIGNIFICANCE


@fast
@given(data=st.data(), p=st.sampled_from(["0.2", "0.5", "1"]))
def test_corrupt_draws_of_an_utterance_do_not_depend_on_the_others(data, p):
    tokens = random_sequences(60, seed=4)
    whole = perturb("corrupt", tokens, p=p, seed="5")
    chosen = data.draw(st.lists(st.sampled_from(list(tokens)), unique=True, min_size=1))  # dropped and reordered
    added = {f"new{index}": row for index, row in enumerate(random_sequences(data.draw(st.integers(0, 5)), seed=5).values())}
    result = perturb("corrupt", {**added, **{name: tokens[name] for name in chosen}}, p=p, seed="5")
    assert {name: result[name] for name in chosen} == {name: whole[name] for name in chosen}


@pytest.mark.parametrize("p", ["0.2", "0.5", "1"])
def test_corrupt_draws_do_not_depend_on_the_tokens_that_they_replace(p):
    first, second = random_sequences(200, seed=6), random_sequences(200, seed=7)
    assert list(first) == list(second)
    for name, row in perturb("corrupt", first, p=p, seed="0").items():
        other = apply_corrupt_cached(7, p)[name]
        for old, new, other_old, other_new in zip(first[name], row, second[name], other, strict=True):
            # A position that is seen to be replaced in one is replaced in both, by the same token.
            assert new == other_new or (new == old and other_new == other_old)


@functools.cache
def apply_corrupt_cached(seed: int, p: str) -> Sequences:
    return perturb("corrupt", random_sequences(200, seed=seed), p=p, seed="0")


def test_corrupt_draws_differ_between_datasets_splits_seeds_and_utterances():
    tokens = plain_corpus()
    base = {"dataset": "iemocap", "split": "fold1", "p": "1", "seed": "0"}
    others = [{}, {"dataset": "ravdess"}, {"split": "fold2"}, {"seed": "1"}]
    results = [perturb("corrupt", tokens, **{**base, **other}) for other in others]
    renamed = perturb("corrupt", {f"x{name}": row for name, row in tokens.items()}, **base)
    results.append(dict(zip(tokens, renamed.values(), strict=True)))
    cells = len(tokens) * len(CONCEPTS)
    law = binom(cells, 1 / 5)
    for first, second in itertools.combinations(results, 2):
        # Independent uniform draws agree once in five.
        agree = sum(a == b for name in tokens for a, b in zip(first[name], second[name], strict=True))
        assert law.ppf(SIGNIFICANCE / 2) <= agree <= law.isf(SIGNIFICANCE / 2)


def test_corrupt_draws_at_two_p_are_independent_of_each_other():
    tokens = unvoiced_corpus()
    columns = [CONCEPTS.index(concept) for concept in VOICED_CONCEPTS]
    less, more = (perturb("corrupt", tokens, p=p, seed="0") for p in ("0.5", "0.6"))
    both = sum(less[name][column] != UNVOICED and more[name][column] != UNVOICED for name in tokens for column in columns)
    # Replaced at both: 0.5 * 0.6 if p is part of the key, 0.5 if the same random numbers serve for both.
    law = binom(len(tokens) * len(columns), 0.5 * 0.6)
    assert law.ppf(SIGNIFICANCE / 2) <= both <= law.isf(SIGNIFICANCE / 2)


def test_parts_of_the_key_do_not_run_into_each_other():
    tokens = random_sequences(50, seed=8)
    assert perturb("corrupt", tokens, dataset="ab", split="c", p="1", seed="0") != perturb(
        "corrupt", tokens, dataset="a", split="bc", p="1", seed="0"
    )
    longer = {f"1{name}": row for name, row in tokens.items()}
    drawn, other = perturb("corrupt", longer, p="1", seed="2"), perturb("corrupt", tokens, p="1", seed="21")
    assert list(drawn.values()) != list(other.values())


def test_corrupt_is_repeatable():
    tokens = random_sequences(50, seed=9)
    assert perturb("corrupt", tokens, p="0.5", seed="0") == perturb("corrupt", tokens, p="0.5", seed="0")
