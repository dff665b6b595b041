"""Arrays of an evaluation, from tables of predictions and of tokens."""

import numpy as np
import pandas as pd

from cuealign.config.entries.statistics import Statistics
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.evaluation.evaluation import Evaluation
from cuealign.evaluation.grounding.trials import trials
from cuealign.interventions.apply import apply_intervention
from tests.support.predictions import LABELS, random_predictions
from tests.support.prompts import TEMPLATE, random_tokens

NONE, CORRECT, BLANK = (("none", "0", "0"), ("correct", "0", "0"), ("blank", "0", "0"))


def test_tokens_are_levels_and_those_of_a_blank_block_have_none():
    drawn = random_predictions(0, keys=(NONE, CORRECT), utterances=40)
    predictions = {NONE: drawn[NONE], CORRECT: drawn[CORRECT], BLANK: drawn[CORRECT]}
    tokens = random_tokens(list(drawn[NONE]["utterance"]))
    blank = apply_intervention("blank", tokens, TEMPLATE.cue_block, dataset="d", split="s", p="0", seed="0")
    shuffled = tokens.sample(frac=1, random_state=0)  # tables may be in any order
    found = trials(Evaluation(predictions, LABELS, Statistics()), {CORRECT: shuffled, BLANK: blank}).conditions
    assert set(found) == {"none", "correct", "blank"}
    assert found["none"].tokens is None
    expected = pd.DataFrame({concept: [TOKENS[concept].index(token) for token in tokens[concept]] for concept in CONCEPTS})
    np.testing.assert_array_equal(found["correct"].tokens[:, 0], expected)
    assert found["blank"].tokens.shape == (40, 1, 6)
    assert (found["blank"].tokens == -1).all()
