"""Interventions on tokens, cue blocks, prompts and answers: against oracles in plain Python and against their laws.

Whatever is random in the library is keyed by names and numbers that are fixed here, so each statistical test gives the same
result every time. Its threshold says how often a correct implementation would have failed it at another choice of names: below
one in ten thousand each.
"""

import collections
import functools
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from cuealign import interventions
from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import CONCEPTS, INVALID, ORDINAL, TOKENS, UNVOICED, VOICED_CONCEPTS
from cuealign.interventions import conditions
from cuealign.prompts.answers import AnswerParser
from cuealign.prompts.templates import CueBlockTemplate, PromptTemplate

TEMPLATE = CueBlockTemplate("Cues: " + "; ".join(f"{concept}={{{concept}}}" for concept in CONCEPTS))
WITH_BLOCK = ("correct", "shuffle", "conflict", "corrupt")
STATES = {concept: (*TOKENS[concept], UNVOICED) if concept in VOICED_CONCEPTS else TOKENS[concept] for concept in CONCEPTS}
SIGNIFICANCE = 1e-4

fast = settings(max_examples=15, deadline=None)

Sequences = dict[str, tuple[str, ...]]


# ------------------------------------------------------------------------------------------------------------- helpers


def table_of(sequences: Sequences) -> pd.DataFrame:
    """Token table as the library takes it."""
    records = [
        (utterance, *tokens, TEMPLATE.serialise(dict(zip(CONCEPTS, tokens, strict=True)))) for utterance, tokens in sequences.items()
    ]
    return pd.DataFrame(records, columns=["utterance", *CONCEPTS, "cue_block"])


def sequences_of(table: pd.DataFrame) -> Sequences:
    """Token sequence of each utterance, in the order of the table."""
    assert list(table.columns) == ["utterance", *CONCEPTS, "cue_block"]
    return {row[0]: tuple(row[1:-1]) for row in table.itertuples(index=False, name=None)}


def apply(name: str, sequences: Sequences, *, dataset="iemocap", split="fold1", p="0", seed="0", **options) -> Sequences:
    table = conditions.apply(name, table_of(sequences), TEMPLATE, dataset=dataset, split=split, p=p, seed=seed, **options)
    return sequences_of(table)


def corpus(n: int, *, seed: int = 0, unvoiced: float = 0.1) -> Sequences:
    """Random tokens; where an utterance is unvoiced, all three voiced concepts are."""
    rng = random.Random(seed)
    result = {}
    for index in range(n):
        silent = rng.random() < unvoiced
        tokens = [UNVOICED if silent and concept in VOICED_CONCEPTS else rng.choice(TOKENS[concept]) for concept in CONCEPTS]
        result[f"Ses{index % 5 + 1:02d}_{index:05d}"] = tuple(tokens)
    return result


def distinct(n: int) -> Sequences:
    """As many token sequences, no two of them alike, so that each can be followed."""
    every = list(itertools.product(*(TOKENS[concept] for concept in CONCEPTS)))
    return {f"u{index:03d}": tokens for index, tokens in enumerate(random.Random(0).sample(every, n))}


def sequences(min_size: int = 1, max_size: int = 8) -> st.SearchStrategy[Sequences]:
    """Any utterance names, any tokens, UNVOICED in any of the concepts that know it."""
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
    return st.dictionaries(
        names, st.tuples(*(st.sampled_from(STATES[concept]) for concept in CONCEPTS)), min_size=min_size, max_size=max_size
    )


keys = st.fixed_dictionaries({"seed": st.sampled_from(["0", "1", "17", "123456"]), "split": st.sampled_from(["fold1", "test"])})


# ------------------------------------------------------------------------------------------------ what there is, titles


def test_the_five_interventions_tell_what_they_use():
    assert set(interventions.names()) >= {"none", "correct", "shuffle", "conflict", "corrupt"}
    every = {name: interventions.get(name) for name in interventions.names()}
    assert all(intervention.name == name for name, intervention in every.items())
    assert {name for name, intervention in every.items() if intervention.uses_p} == {"corrupt"}
    assert {name for name, intervention in every.items() if intervention.uses_seed} == {"corrupt", "shuffle"}
    assert {name for name, intervention in every.items() if intervention.has_cue_block} == set(WITH_BLOCK)


@pytest.mark.parametrize(
    ("name", "p", "title"),
    [
        ("none", "0", "Audio only"),
        ("correct", "0", "Correct"),
        ("shuffle", "0", "Shuffle"),
        ("conflict", "0", "Conflict"),
        ("corrupt", "0.4", "Corrupt(0.4)"),
        ("corrupt", "1.0", "Corrupt(1.0)"),
    ],
)
def test_title_names_the_intervention_and_its_probability(name, p, title):
    assert conditions.title(name, p) == title


# ------------------------------------------------------------------------------------------ laws of every intervention


@pytest.mark.parametrize("name", ["none", *WITH_BLOCK])
@fast
@given(tokens=sequences(), key=keys)
def test_utterances_stay_the_same_and_in_order_and_the_input_is_left_alone(name, tokens, key):
    table = table_of(tokens)
    table.index = range(100, 100 + len(table))[::-1]  # an index that says nothing
    before = table.copy(deep=True)
    result = conditions.apply(name, table, TEMPLATE, dataset="d", p="0.5", **key)
    assert list(result["utterance"]) == list(tokens)
    assert list(result.columns) == ["utterance", *CONCEPTS, "cue_block"]
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("name", WITH_BLOCK)
@fast
@given(tokens=sequences(), key=keys)
def test_cue_block_says_the_tokens_of_its_row_in_the_words_of_the_template(name, tokens, key):
    template = CueBlockTemplate("|".join(f"{concept.lower()}:{{{concept}}}" for concept in reversed(CONCEPTS)))
    result = conditions.apply(name, table_of(tokens), template, dataset="d", p="0.5", **key)
    for row, block in zip(sequences_of(result).values(), result["cue_block"], strict=True):
        expected = "|".join(f"{concept.lower()}:{token}" for concept, token in reversed(list(zip(CONCEPTS, row, strict=True))))
        assert block == expected
        assert all(token in STATES[concept] for concept, token in zip(CONCEPTS, row, strict=True))
    # The template is only how tokens are written: it has no part in what they are.
    assert sequences_of(result) == apply(name, tokens, dataset="d", p="0.5", **key)


@fast
@given(tokens=sequences())
def test_none_leaves_no_token_and_no_cue_block(tokens):
    result = conditions.apply("none", table_of(tokens), TEMPLATE, dataset="d", split="s", p="0", seed="0")
    assert list(result["utterance"]) == list(tokens)
    assert (result[[*CONCEPTS, "cue_block"]] == "").all(axis=None)


@fast
@given(tokens=sequences())
def test_correct_is_the_identity(tokens):
    result = conditions.apply("correct", table_of(tokens), TEMPLATE, dataset="d", split="s", p="0", seed="0")
    assert result.to_dict("list") == table_of(tokens).to_dict("list")


@pytest.mark.parametrize("name", ["shuffle", "corrupt"])
def test_random_interventions_neither_use_nor_touch_the_global_generators(name):
    tokens = corpus(50)
    results = []
    for seed in (1, 2):
        np.random.seed(seed)
        random.seed(seed)
        states = np.random.get_state()[1].tolist(), random.getstate()
        results.append(apply(name, tokens, p="0.5", seed="3"))
        assert (np.random.get_state()[1].tolist(), random.getstate()) == states
    assert results[0] == results[1]


def test_random_interventions_are_the_same_in_another_process():
    """Python's hash of a string differs from process to process: a key made with it would not do."""
    tokens = corpus(50)
    program = (
        "import json, sys; import pandas as pd; from cuealign import conditions; from cuealign.prompts.templates import CueBlockTemplate\n"
        "records, text = json.load(sys.stdin)\n"
        "table = pd.DataFrame(records)\n"
        "make = lambda name: conditions.apply(name, table, CueBlockTemplate(text), dataset='d', split='s', p='0.5', seed='3')\n"
        "print(json.dumps([make(name).to_dict('list') for name in ('shuffle', 'corrupt')]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([table_of(tokens).to_dict("list"), TEMPLATE.text]),
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(Path(conditions.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [
        conditions.apply(name, table_of(tokens), TEMPLATE, dataset="d", split="s", p="0.5", seed="3").to_dict("list")
        for name in ("shuffle", "corrupt")
    ]
    assert json.loads(done.stdout) == here


# ------------------------------------------------------------------------------------------------------------- shuffle


@fast
@given(tokens=sequences(), key=keys)
def test_shuffle_keeps_the_multiset_of_sequences_and_the_marginals(tokens, key):
    shuffled = apply("shuffle", tokens, **key)
    assert collections.Counter(shuffled.values()) == collections.Counter(tokens.values())
    for column in range(len(CONCEPTS)):
        assert sorted(row[column] for row in shuffled.values()) == sorted(row[column] for row in tokens.values())


@fast
@given(order=st.permutations(range(40)), seed=st.sampled_from(["0", "1", "2"]))
def test_shuffle_does_not_depend_on_the_order_in_which_utterances_are_listed(order, seed):
    tokens = distinct(40)
    names = list(tokens)
    reordered = {names[i]: tokens[names[i]] for i in order}
    assert apply("shuffle", reordered, seed=seed) == apply("shuffle", tokens, seed=seed)


def test_shuffle_moves_most_sequences_and_is_repeatable():
    tokens = distinct(200)
    shuffled = apply("shuffle", tokens, seed="0")
    # A random permutation leaves one utterance on average in its place, by Poisson's law: above 10 with probability 1e-8.
    assert sum(shuffled[name] == tokens[name] for name in tokens) <= 10
    assert apply("shuffle", tokens, seed="0") == shuffled


def test_shuffle_differs_between_seeds():
    tokens = distinct(40)
    results = [tuple(apply("shuffle", tokens, seed=str(seed)).values()) for seed in range(20)]
    assert len(set(results)) == 20  # two of 40! permutations


def test_shuffle_can_give_any_utterance_the_sequence_of_any_other():
    tokens = distinct(5)
    met = collections.Counter()
    for seed in range(120):
        met.update(apply("shuffle", tokens, seed=str(seed)).items())
    # Each of the 20 pairs has probability 1/5 or 1/4 each time: all of them in 120 times but for 20 * 0.8^120 = 5e-11.
    # A rotation by a random offset, too, would meet all pairs; a fixed rotation would meet 5.
    assert all(met[name, tokens[other]] for name in tokens for other in tokens if name != other)


def test_shuffle_is_no_mere_rotation_of_the_list():
    tokens = distinct(7)
    orders = set()
    for seed in range(60):
        owner = {row: name for name, row in tokens.items()}
        orders.add(tuple(owner[row] for row in apply("shuffle", tokens, seed=str(seed)).values()))
    # 7 rotations against 5040 permutations, of which 60 draws meet some 59.6.
    assert len(orders) > 50


def test_shuffle_of_one_utterance_changes_nothing():
    tokens = distinct(1)
    assert apply("shuffle", tokens, seed="0") == tokens


# ------------------------------------------------------------------------------------------------------------ conflict

MIRROR = {
    "ENERGY": {"VERY_LOW": "VERY_HIGH", "LOW": "HIGH", "MID": "MID", "HIGH": "LOW", "VERY_HIGH": "VERY_LOW"},
    "PITCH": {"VERY_LOW": "VERY_HIGH", "LOW": "HIGH", "MID": "MID", "HIGH": "LOW", "VERY_HIGH": "VERY_LOW", "UNVOICED": "UNVOICED"},
    "BRIGHTNESS": {"VERY_DARK": "VERY_BRIGHT", "DARK": "BRIGHT", "MID": "MID", "BRIGHT": "DARK", "VERY_BRIGHT": "VERY_DARK"},
    "DYNAMICS": {"VERY_STATIC": "VERY_DYNAMIC", "STATIC": "DYNAMIC", "MID": "MID", "DYNAMIC": "STATIC", "VERY_DYNAMIC": "VERY_STATIC"},
    "FORMANTS": {"VERY_LOW": "VERY_HIGH", "LOW": "HIGH", "MID": "MID", "HIGH": "LOW", "VERY_HIGH": "VERY_LOW", "UNVOICED": "UNVOICED"},
    "VOICE_QUALITY": {
        "BREATHY": "PRESSED",
        "PRESSED": "BREATHY",
        "MODAL": "ROUGH",
        "ROUGH": "MODAL",
        "CREAKY": "MODAL",
        "UNVOICED": "UNVOICED",
    },
}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_conflict_equals_the_written_out_map(seed):
    tokens = corpus(300, seed=seed)
    assert {(concept, token) for row in tokens.values() for concept, token in zip(CONCEPTS, row, strict=True)} == {
        (concept, token) for concept in CONCEPTS for token in STATES[concept]
    }
    expected = {name: tuple(MIRROR[concept][token] for concept, token in zip(CONCEPTS, row, strict=True)) for name, row in tokens.items()}
    assert apply("conflict", tokens) == expected


@fast
@given(tokens=sequences())
def test_conflict_twice_is_identity_on_ordinal_tokens(tokens):
    twice = apply("conflict", apply("conflict", tokens))
    for name, row in tokens.items():
        for concept, before, after in zip(CONCEPTS, row, twice[name], strict=True):
            if concept in ORDINAL:
                assert after == before
            else:  # CREAKY has no opposite of its own: it becomes MODAL, and that ROUGH
                assert after == ("ROUGH" if before == "CREAKY" else before)


@fast
@given(tokens=sequences())
def test_conflict_changes_every_ordinal_token_but_mid_and_unvoiced(tokens):
    for before, after in zip(tokens.values(), apply("conflict", tokens).values(), strict=True):
        for concept, old, new in zip(CONCEPTS, before, after, strict=True):
            if concept in ORDINAL:
                assert (old == new) == (old in ("MID", UNVOICED))


@fast
@given(tokens=sequences(), images=st.tuples(*(st.sampled_from(TOKENS["VOICE_QUALITY"]) for _ in range(5))))
def test_conflict_takes_the_voice_quality_map_of_the_options_and_keeps_unvoiced(tokens, images):
    chosen = dict(zip(TOKENS["VOICE_QUALITY"], images, strict=True))
    result = apply("conflict", tokens, options={"voice_quality": chosen})
    plain = apply("conflict", tokens)
    for name, row in tokens.items():
        assert result[name][-1] == (UNVOICED if row[-1] == UNVOICED else chosen[row[-1]])
        assert result[name][:-1] == plain[name][:-1]
    assert CONCEPTS[-1] == "VOICE_QUALITY"


# ------------------------------------------------------------------------------------------------------------- corrupt


@functools.cache
def plain_corpus() -> Sequences:
    return corpus(1500, seed=1, unvoiced=0)


@functools.cache
def unvoiced_corpus() -> Sequences:
    return corpus(1000, seed=2, unvoiced=1)


@fast
@given(tokens=sequences(), key=keys, p=st.sampled_from(["0", "0.0"]))
def test_corrupt_0_is_correct(tokens, key, p):
    result = conditions.apply("corrupt", table_of(tokens), TEMPLATE, dataset="d", p=p, **key)
    assert result.to_dict("list") == table_of(tokens).to_dict("list")


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_corrupt_1_draws_every_token_of_a_concept_alike_whatever_stood_there(seed):
    tokens = plain_corpus()
    result = apply("corrupt", tokens, p="1", seed=seed)
    for column, concept in enumerate(CONCEPTS):
        for old in TOKENS[concept]:
            counts = collections.Counter(result[name][column] for name, row in tokens.items() if row[column] == old)
            assert set(counts) <= set(TOKENS[concept])
            # Some 300 draws over five tokens: 60 expected each, enough for the chi-square law to hold.
            assert chisquare([counts[token] for token in TOKENS[concept]]).pvalue > SIGNIFICANCE


@pytest.mark.parametrize("seed", ["0", "1"])
def test_corrupt_1_draws_the_positions_of_an_utterance_independently(seed):
    result = list(apply("corrupt", plain_corpus(), p="1", seed=seed).values())
    for first, second in itertools.combinations(range(len(CONCEPTS)), 2):
        pairs = collections.Counter((row[first], row[second]) for row in result)
        cells = [pairs[pair] for pair in itertools.product(TOKENS[CONCEPTS[first]], TOKENS[CONCEPTS[second]])]
        assert chisquare(cells).pvalue > SIGNIFICANCE  # 25 pairs, 60 expected each


@pytest.mark.parametrize("p", ["0", "0.2", "0.5", "1"])
def test_corrupt_never_draws_unvoiced_but_may_replace_it(p):
    tokens = corpus(400, seed=3, unvoiced=0.5)
    result = apply("corrupt", tokens, p=p, seed="0")
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
    result = apply("corrupt", tokens, p=p, seed=seed)
    for column in range(len(CONCEPTS)):
        changed = sum(row[column] != result[name][column] for name, row in tokens.items())
        # Each position is replaced with probability p, and by its own token once in five.
        law = binom(len(tokens), float(p) * (1 - 1 / 5))
        assert law.ppf(SIGNIFICANCE / 2) <= changed <= law.isf(SIGNIFICANCE / 2)


@pytest.mark.parametrize("p", ["0.2", "0.4", "0.8"])
def test_share_of_unvoiced_that_is_replaced_at_p_is_p(p):
    tokens = unvoiced_corpus()
    result = apply("corrupt", tokens, p=p, seed="0")
    for column, concept in enumerate(CONCEPTS):
        if concept in VOICED_CONCEPTS:
            replaced = sum(result[name][column] != UNVOICED for name in tokens)
            law = binom(len(tokens), float(p))
            assert law.ppf(SIGNIFICANCE / 2) <= replaced <= law.isf(SIGNIFICANCE / 2)


@pytest.mark.parametrize("p", ["0.3", "0.5"])
def test_corrupt_decides_on_each_position_of_an_utterance_by_itself(p):
    tokens = plain_corpus()
    result = apply("corrupt", tokens, p=p, seed="0")
    changes = collections.Counter(sum(old != new for old, new in zip(row, result[name], strict=True)) for name, row in tokens.items())
    law = binom(len(CONCEPTS), float(p) * 0.8)
    # Five and six changes are put together, so that no cell expects fewer than five utterances.
    observed = [*(changes[k] for k in range(5)), changes[5] + changes[6]]
    expected = [*(len(tokens) * law.pmf(k) for k in range(5)), len(tokens) * law.sf(4)]
    assert min(expected) > 5
    assert chisquare(observed, expected).pvalue > SIGNIFICANCE


def test_token_put_in_place_is_uniform_also_below_p_1():
    # Where the token was UNVOICED every replacement shows, so the replacements can be counted.
    result = apply("corrupt", unvoiced_corpus(), p="0.5", seed="0")
    for column, concept in enumerate(CONCEPTS):
        if concept in VOICED_CONCEPTS:
            counts = collections.Counter(row[column] for row in result.values())
            assert chisquare([counts[token] for token in TOKENS[concept]]).pvalue > SIGNIFICANCE


@fast
@given(data=st.data(), p=st.sampled_from(["0.2", "0.5", "1"]))
def test_corrupt_draws_of_an_utterance_do_not_depend_on_the_others(data, p):
    tokens = corpus(60, seed=4)
    whole = apply("corrupt", tokens, p=p, seed="5")
    chosen = data.draw(st.lists(st.sampled_from(list(tokens)), unique=True, min_size=1))  # dropped and reordered
    added = {f"new{index}": row for index, row in enumerate(corpus(data.draw(st.integers(0, 5)), seed=5).values())}
    result = apply("corrupt", {**added, **{name: tokens[name] for name in chosen}}, p=p, seed="5")
    assert {name: result[name] for name in chosen} == {name: whole[name] for name in chosen}


@pytest.mark.parametrize("p", ["0.2", "0.5", "1"])
def test_corrupt_draws_do_not_depend_on_the_tokens_that_they_replace(p):
    first, second = corpus(200, seed=6), corpus(200, seed=7)
    assert list(first) == list(second)
    for name, row in apply("corrupt", first, p=p, seed="0").items():
        other = apply_corrupt_cached(7, p)[name]
        for old, new, other_old, other_new in zip(first[name], row, second[name], other, strict=True):
            # A position that shows to be replaced in one is replaced in both, by the same token.
            assert new == other_new or (new == old and other_new == other_old)


@functools.cache
def apply_corrupt_cached(seed: int, p: str) -> Sequences:
    return apply("corrupt", corpus(200, seed=seed), p=p, seed="0")


def test_corrupt_draws_differ_between_datasets_splits_seeds_and_utterances():
    tokens = plain_corpus()
    base = {"dataset": "iemocap", "split": "fold1", "p": "1", "seed": "0"}
    others = [{}, {"dataset": "ravdess"}, {"split": "fold2"}, {"seed": "1"}]
    results = [apply("corrupt", tokens, **{**base, **other}) for other in others]
    renamed = apply("corrupt", {f"x{name}": row for name, row in tokens.items()}, **base)
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
    less, more = (apply("corrupt", tokens, p=p, seed="0") for p in ("0.5", "0.6"))
    both = sum(less[name][column] != UNVOICED and more[name][column] != UNVOICED for name in tokens for column in columns)
    # Replaced at both: 0.5 * 0.6 if p is part of the key, 0.5 if the same random numbers serve for both.
    law = binom(len(tokens) * len(columns), 0.5 * 0.6)
    assert law.ppf(SIGNIFICANCE / 2) <= both <= law.isf(SIGNIFICANCE / 2)


def test_parts_of_the_key_do_not_run_into_each_other():
    tokens = corpus(50, seed=8)
    assert apply("corrupt", tokens, dataset="ab", split="c", p="1", seed="0") != apply(
        "corrupt", tokens, dataset="a", split="bc", p="1", seed="0"
    )
    longer = {f"1{name}": row for name, row in tokens.items()}
    drawn, other = apply("corrupt", longer, p="1", seed="2"), apply("corrupt", tokens, p="1", seed="21")
    assert list(drawn.values()) != list(other.values())


def test_corrupt_is_repeatable():
    tokens = corpus(50, seed=9)
    assert apply("corrupt", tokens, p="0.5", seed="0") == apply("corrupt", tokens, p="0.5", seed="0")


# ----------------------------------------------------------------------------------------------------------- cue block

EXAMPLE = dict(zip(CONCEPTS, ("VERY_LOW", "HIGH", "MID", "DYNAMIC", "UNVOICED", "BREATHY"), strict=True))


def test_serialise_writes_each_token_where_its_concept_stood():
    assert TEMPLATE.serialise(EXAMPLE) == (
        "Cues: ENERGY=VERY_LOW; PITCH=HIGH; BRIGHTNESS=MID; DYNAMICS=DYNAMIC; FORMANTS=UNVOICED; VOICE_QUALITY=BREATHY"
    )


def test_parse_is_the_inverse_of_serialise_on_every_combination_of_tokens():
    for tokens in itertools.product(*STATES.values()):
        mapping = dict(zip(CONCEPTS, tokens, strict=True))
        assert TEMPLATE.parse(TEMPLATE.serialise(mapping)) == mapping


literals = st.lists(st.sampled_from([*"aZ09 _=,;:.*+?()[]|\\^$#-/'\"é·\t", "{{", "}}"]), max_size=4).map("".join)
tokens_drawn = st.fixed_dictionaries({concept: st.sampled_from(states) for concept, states in STATES.items()})


def template_text(order, separators) -> str:
    parts = [part for separator, concept in zip(separators, order, strict=False) for part in (separator, f"{{{concept}}}")]
    return "".join([*parts, separators[-1]])


@settings(max_examples=150, deadline=None)
@example(text="{{" + TEMPLATE.text + "}}", tokens=EXAMPLE, before="")
@example(text=TEMPLATE.text.replace("{PITCH}", "{PITCH:>12}"), tokens=EXAMPLE, before="")
@example(text=TEMPLATE.text.replace("{PITCH}", "{PITCH!r}"), tokens=EXAMPLE, before="")
@given(
    text=st.builds(template_text, st.permutations(CONCEPTS), st.lists(literals, min_size=7, max_size=7)),
    tokens=tokens_drawn,
    before=st.text(max_size=20),
)
def test_every_template_that_is_not_refused_can_be_read_back(text, tokens, before):
    try:
        template = CueBlockTemplate(text)
    except ConfigError:
        return
    block = template.serialise(tokens)
    assert template.parse(block) == tokens
    assert template.parse(f"{before}\n{block}") == tokens


@fast
@given(
    separators=st.lists(literals.filter(lambda text: "{" not in text and "}" not in text), min_size=7, max_size=7),
    order=st.permutations(CONCEPTS),
)
def test_template_with_each_concept_once_is_accepted_whatever_stands_between(separators, order):
    template = CueBlockTemplate(template_text(order, separators))
    expected = "".join(part for separator, concept in zip(separators, order, strict=False) for part in (separator, EXAMPLE[concept]))
    assert template.serialise(EXAMPLE) == expected + separators[-1]


@fast
@given(tokens=tokens_drawn, before=st.text(max_size=20))
def test_block_is_read_at_the_end_of_a_prompt_and_on_a_line_of_its_own_only(tokens, before):
    block = TEMPLATE.serialise(tokens)
    assert TEMPLATE.parse(f"{before}\n{block}") == tokens
    assert TEMPLATE.parse(f"{before} {block}") is None
    assert TEMPLATE.parse(f"{block}\n{before}.") is None
    assert TEMPLATE.parse(block[:-1]) is None


@pytest.mark.parametrize("after", [" ", ".", "S", "\n", "\nAnswer:", "\n\n"], ids=repr)
def test_block_that_something_follows_is_not_read(after):
    assert TEMPLATE.parse(TEMPLATE.serialise(EXAMPLE) + after) is None


def test_of_two_blocks_the_last_is_read():
    other = dict.fromkeys(CONCEPTS, "MID") | {"VOICE_QUALITY": "MODAL"}
    assert TEMPLATE.parse(TEMPLATE.serialise(other) + "\n" + TEMPLATE.serialise(EXAMPLE)) == EXAMPLE


@pytest.mark.parametrize("concept", CONCEPTS)
def test_word_that_is_no_token_of_its_concept_is_not_read(concept):
    known = set(itertools.chain.from_iterable(STATES.values()))
    for word in [*sorted(known), "", "mid", "EXTREME", "."]:
        text = TEMPLATE.text.format(**(EXAMPLE | {concept: word}))
        assert TEMPLATE.parse(text) == (EXAMPLE | {concept: word} if word in STATES[concept] else None)


@pytest.mark.parametrize("prompt", ["", "\n", "Cues:", "What does the speaker feel?", TEMPLATE.text], ids=repr)
def test_prompt_without_a_block_reads_as_none(prompt):
    assert TEMPLATE.parse(prompt) is None


@pytest.mark.parametrize("concept", CONCEPTS)
def test_template_that_lacks_or_doubles_a_concept_is_refused(concept):
    with pytest.raises(ConfigError):
        CueBlockTemplate(TEMPLATE.text.replace(f"{{{concept}}}", concept))
    with pytest.raises(ConfigError):
        CueBlockTemplate(f"{TEMPLATE.text} {{{concept}}}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEMPLATE.text + "\n",
        TEMPLATE.text.replace("; ", "\n"),
        TEMPLATE.text + "{",
        TEMPLATE.text + "}",
        TEMPLATE.text.replace("{PITCH}", "{PITCH"),
        TEMPLATE.text.replace("{PITCH}", "PITCH}"),
        TEMPLATE.text.replace("{PITCH}", "{pitch}"),
        TEMPLATE.text + " {}",
        TEMPLATE.text + " {RHYTHM}",
    ],
    ids=repr,
)
def test_wrong_template_is_refused(text):
    with pytest.raises(ConfigError):
        CueBlockTemplate(text)


# -------------------------------------------------------------------------------------------------------------- prompt

QUESTION = PromptTemplate("Which emotion: {labels}?", TEMPLATE)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["happy", "sad"], "happy or sad"),
        (["a", "b", "c"], "a, b or c"),
        (["anger", "joy", "sadness", "calm"], "anger, joy, sadness or calm"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_labels_are_joined_by_commas_and_or(labels, text):
    assert QUESTION.render(labels, "") == f"Which emotion: {text}?"


@fast
@given(tokens=tokens_drawn)
def test_rendered_prompt_ends_with_the_block_on_its_own_line_and_is_read_back(tokens):
    block = TEMPLATE.serialise(tokens)
    prompt = QUESTION.render(["a", "b", "c"], block)
    assert prompt == f"Which emotion: a, b or c?\n{block}"
    assert TEMPLATE.parse(prompt) == tokens


def test_prompt_without_cues_has_no_block_and_no_empty_line():
    prompt = QUESTION.render(["a", "b"], "")
    assert prompt == "Which emotion: a or b?"
    assert TEMPLATE.parse(prompt) is None


@pytest.mark.parametrize("instruction", ["Which emotion?", "{labels} {labels}", "{labels} {ENERGY}", "{labels", "{}"])
def test_instruction_without_labels_once_is_refused(instruction):
    with pytest.raises(ConfigError):
        PromptTemplate(instruction, TEMPLATE)


# -------------------------------------------------------------------------------------------------------------- answers

SYNONYMS = {
    "happy": ["happy", "happiness", "joyful"],
    "sad": ["sad", "sadness"],
    "angry": ["angry", "anger", "mad"],
    "neutral": ["neutral", "calm"],
}
WORDS = [(label, word) for label, words in SYNONYMS.items() for word in words]
PARSE = AnswerParser(SYNONYMS)


def label_by_rule(answer: str) -> str:
    """Cut the answer into its words, and see which labels they name."""
    words, word = [], ""
    for character in answer.lower() + " ":
        if character.isalnum():
            word += character
        else:
            words.append(word)
            word = ""
    named = {label for label, synonym in WORDS if synonym in words}
    return named.pop() if len(named) == 1 else INVALID


pieces = st.sampled_from(
    [word for _, word in WORDS] + ["the", "speaker", "un", "ly", "not", "er", "é", "7", " ", " ", " ", ". ", ", ", "!", "\n", '"', "**"]
)


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(pieces, max_size=7), upper=st.sets(st.integers(0, 6)))
def test_answer_equals_brute_force_on_answers_made_of_labels_words_and_punctuation(parts, upper):
    answer = "".join(part.upper() if index in upper else part for index, part in enumerate(parts))
    assert PARSE(answer) == label_by_rule(answer)


@pytest.mark.parametrize(("label", "word"), WORDS)
def test_word_names_its_label_in_any_case_and_punctuation(label, word):
    for written in (word, word.upper(), word.capitalize(), word.swapcase(), word[0] + word[1:].upper()):
        for frame in ("{}", " {} ", "{}.", "{}!", '"{}"', "({})", "**{}**", "The speaker is {}, I think.", "Answer:\n{}\n", "emotion:{};"):
            assert PARSE(frame.format(written)) == label


@pytest.mark.parametrize(("label", "word"), WORDS)
def test_word_within_a_longer_word_names_nothing(label, word):
    for frame in ("un{}", "{}x", "x{}x", "{}7", "é{}", "{}ü"):
        assert PARSE(frame.format(word)) == INVALID
        other = next(other for other, _ in WORDS if other != label)
        assert PARSE(f"{frame.format(word)} {other}") == other  # nor does it spoil another


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(SYNONYMS, 2)))
def test_answer_that_names_several_labels_is_invalid(first, second):
    for one, two in itertools.product(SYNONYMS[first], SYNONYMS[second]):
        assert PARSE(f"{one} or {two}") == INVALID
        assert PARSE(f"{one}, {one} and {two.upper()}") == INVALID


@pytest.mark.parametrize("label", SYNONYMS)
def test_label_named_twice_or_by_several_words_counts_once(label):
    assert PARSE(", ".join(SYNONYMS[label] * 2)) == label


@pytest.mark.parametrize(
    "answer", ["", " ", "\n", ".", "I cannot tell.", "unhappy", "happyness", "madam", "sadly", "angrily", "h a p p y"], ids=repr
)
def test_answer_that_names_no_label_is_invalid(answer):
    assert PARSE(answer) == INVALID


@settings(max_examples=200, deadline=None)
@example(answer="\u017fad")  # a long s: equal to s without regard to case, but its own lower case
@example(answer="happ\u0131ness")  # a dotless i, likewise
@given(answer=st.text(max_size=30))
def test_any_answer_gives_a_label_or_invalid_and_no_error(answer):
    assert PARSE(answer) in {*SYNONYMS, INVALID}


@pytest.mark.parametrize(
    "synonyms",
    [
        {"happy": ["glad"], "sad": ["glad"]},
        {"happy": ["glad", "happy"], "sad": ["sad", "Glad"]},
        {"a": ["one"], "b": ["two"], "c": ["three", "ONE"]},
    ],
)
def test_word_that_stands_for_two_labels_is_refused(synonyms):
    with pytest.raises(ConfigError):
        AnswerParser(synonyms)


def test_word_given_twice_for_the_same_label_is_accepted():
    assert AnswerParser({"happy": ["glad", "Glad"], "sad": ["sad"]})("GLAD") == "happy"
