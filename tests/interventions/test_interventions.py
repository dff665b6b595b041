"""Laws of every intervention."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import cuealign
from cuealign.core.errors import ConfigError, InputError
from cuealign.core.vocabulary import CONCEPTS
from cuealign.interventions import INTERVENTIONS
from cuealign.interventions.apply import apply_intervention
from cuealign.prompts.templates import CueBlockTemplate
from tests.support.token_sequences import (
    STATES,
    TEMPLATE,
    distinct,
    fast,
    keys,
    perturb,
    random_sequences,
    sequences,
    sequences_of,
    table_of,
)

WITH_TOKENS = ("correct", "shuffle", "conflict", "corrupt")
WITH_BLOCK = (*WITH_TOKENS, "blank")


def test_the_six_interventions_say_whether_they_have_a_strength_randomness_a_cue_block_and_tokens():
    assert set(INTERVENTIONS.names()) >= {"none", "correct", "shuffle", "conflict", "blank", "corrupt"}
    every = {name: INTERVENTIONS.get(name) for name in INTERVENTIONS.names()}
    assert {name for name, intervention in every.items() if intervention.has_strength} == {"corrupt"}
    assert {name for name, intervention in every.items() if intervention.is_random} == {"corrupt", "shuffle"}
    assert {name for name, intervention in every.items() if intervention.has_cue_block} == set(WITH_BLOCK)
    assert {name for name, intervention in every.items() if not intervention.has_tokens} == {"blank"}


@pytest.mark.parametrize("name", ["none", *WITH_BLOCK])
@fast
@given(tokens=sequences(), key=keys)
def test_utterances_stay_the_same_and_in_order_and_the_input_is_left_alone(name, tokens, key):
    table = table_of(tokens)
    table.index = range(100, 100 + len(table))[::-1]  # an index that means nothing
    before = table.copy(deep=True)
    result = apply_intervention(name, table, TEMPLATE, dataset="d", p="0.5", **key)
    assert list(result["utterance"]) == list(tokens)
    assert list(result.columns) == ["utterance", *CONCEPTS, "cue_block"]
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("name", WITH_TOKENS)
@fast
@given(tokens=sequences(), key=keys)
def test_cue_block_says_the_tokens_of_its_row_in_the_words_of_the_template(name, tokens, key):
    template = CueBlockTemplate("|".join(f"{concept.lower()}:{{{concept}}}" for concept in reversed(CONCEPTS)))
    result = apply_intervention(name, table_of(tokens), template, dataset="d", p="0.5", **key)
    for row, block in zip(sequences_of(result).values(), result["cue_block"], strict=True):
        expected = "|".join(f"{concept.lower()}:{token}" for concept, token in reversed(list(zip(CONCEPTS, row, strict=True))))
        assert block == expected
        assert all(token in STATES[concept] for concept, token in zip(CONCEPTS, row, strict=True))
    # The template has no influence on the tokens.
    assert sequences_of(result) == perturb(name, tokens, dataset="d", p="0.5", **key)


@fast
@given(tokens=sequences())
def test_none_leaves_no_token_and_no_cue_block(tokens):
    result = apply_intervention("none", table_of(tokens), TEMPLATE, dataset="d", split="s", p="0", seed="0")
    assert list(result["utterance"]) == list(tokens)
    assert (result[[*CONCEPTS, "cue_block"]] == "").all(axis=None)


@fast
@given(tokens=sequences())
def test_correct_is_the_identity(tokens):
    result = apply_intervention("correct", table_of(tokens), TEMPLATE, dataset="d", split="s", p="0", seed="0")
    assert result.to_dict("list") == table_of(tokens).to_dict("list")


@pytest.mark.parametrize("name", ["shuffle", "corrupt"])
def test_random_interventions_neither_use_nor_touch_the_global_generators(name):
    tokens = random_sequences(50)
    results = []
    for seed in (1, 2):
        np.random.seed(seed)
        random.seed(seed)
        states = np.random.get_state()[1].tolist(), random.getstate()
        results.append(perturb(name, tokens, p="0.5", seed="3"))
        assert (np.random.get_state()[1].tolist(), random.getstate()) == states
    assert results[0] == results[1]


def test_random_interventions_are_the_same_in_another_process():
    """Python's hash of a string differs from process to process: a key must not be made with it."""
    tokens = random_sequences(50)
    program = (
        "import json, sys; import pandas as pd\n"
        "from cuealign.interventions.apply import apply_intervention; from cuealign.prompts.templates import CueBlockTemplate\n"
        "records, text = json.load(sys.stdin)\n"
        "table = pd.DataFrame(records)\n"
        "make = lambda name: apply_intervention(name, table, CueBlockTemplate(text), dataset='d', split='s', p='0.5', seed='3')\n"
        "print(json.dumps([make(name).to_dict('list') for name in ('shuffle', 'corrupt')]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([table_of(tokens).to_dict("list"), TEMPLATE.text]),
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(Path(cuealign.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [
        apply_intervention(name, table_of(tokens), TEMPLATE, dataset="d", split="s", p="0.5", seed="3").to_dict("list")
        for name in ("shuffle", "corrupt")
    ]
    assert json.loads(done.stdout) == here


@pytest.mark.parametrize("name", ["none", *WITH_BLOCK])
def test_an_utterance_that_occurs_twice_is_refused(name):
    doubled = pd.concat([table_of(distinct(2))] * 2, ignore_index=True)
    with pytest.raises(InputError, match="tokens of d/s: utterance 'u000' occurs twice"):
        apply_intervention(name, doubled, TEMPLATE, dataset="d", split="s", p="0", seed="0")


def test_an_option_that_an_intervention_does_not_have_is_refused():
    with pytest.raises(ConfigError, match=r"intervention_options\.shuffle\.strength: unknown key"):
        perturb("shuffle", distinct(2), options={"strength": 1})
