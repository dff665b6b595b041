"""Token sequences to perturb, and random ones to serialise."""

import functools
import itertools
import random

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS
from cuealign.interventions.apply import apply_intervention
from tests.support import prompts

TEMPLATE = prompts.TEMPLATE.cue_block

# Tokens that a concept may have, UNVOICED included.
STATES = {concept: (*TOKENS[concept], UNVOICED) if concept in VOICED_CONCEPTS else TOKENS[concept] for concept in CONCEPTS}

# A correct implementation fails a statistical test with this probability.
SIGNIFICANCE = 1e-4

fast = settings(max_examples=15, deadline=None)

Sequences = dict[str, tuple[str, ...]]


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


def perturb(name: str, sequences: Sequences, *, dataset="iemocap", split="fold1", p="0", seed="0", **options) -> Sequences:
    """Apply an intervention to sequences."""
    table = apply_intervention(name, table_of(sequences), TEMPLATE, dataset=dataset, split=split, p=p, seed=seed, **options)
    return sequences_of(table)


def random_sequences(n: int, *, seed: int = 0, unvoiced: float = 0.1) -> Sequences:
    """Random tokens; where an utterance is unvoiced, all three voiced concepts are."""
    rng = random.Random(seed)
    result = {}
    for index in range(n):
        silent = rng.random() < unvoiced
        tokens = [UNVOICED if silent and concept in VOICED_CONCEPTS else rng.choice(TOKENS[concept]) for concept in CONCEPTS]
        result[f"Ses{index % 5 + 1:02d}_{index:05d}"] = tuple(tokens)
    return result


def distinct(n: int) -> Sequences:
    """``n`` token sequences, all different, so that each can be followed."""
    every = list(itertools.product(*(TOKENS[concept] for concept in CONCEPTS)))
    return {f"u{index:03d}": tokens for index, tokens in enumerate(random.Random(0).sample(every, n))}


def sequences(min_size: int = 1, max_size: int = 8) -> st.SearchStrategy[Sequences]:
    """Any utterance names, any tokens, UNVOICED in any of the concepts that have it."""
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
    return st.dictionaries(
        names, st.tuples(*(st.sampled_from(STATES[concept]) for concept in CONCEPTS)), min_size=min_size, max_size=max_size
    )


keys = st.fixed_dictionaries({"seed": st.sampled_from(["0", "1", "17", "123456"]), "split": st.sampled_from(["fold1", "test"])})


@functools.cache
def plain_corpus() -> Sequences:
    return random_sequences(1500, seed=1, unvoiced=0)


@functools.cache
def unvoiced_corpus() -> Sequences:
    return random_sequences(1000, seed=2, unvoiced=1)


token_mappings = st.fixed_dictionaries({concept: st.sampled_from(states) for concept, states in STATES.items()})
