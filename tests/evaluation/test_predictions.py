"""From responses to predictions."""

import numpy as np
import pytest

from cuealign.config.entries.answers import Answer
from cuealign.core.errors import InputError
from cuealign.evaluation.predictions import predict
from cuealign.inference.sweep import keyed_prompts
from cuealign.prompts.answers import answer_parser
from cuealign.prompts.templates import CaptionTemplate, prompt_id
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.responses import SAID

ANSWERS = {label.name: Answer(word=label.word) for label in LABELS}
EXPECTED = ["angry", "happy", "INVALID", "INVALID", "sad"]


def predictions(manifest, condition, responses, readout="generate"):
    return predict(manifest, condition, responses, TEMPLATE, LABELS, answer_parser(ANSWERS), readout=readout)


def test_answers_are_read_and_nothing_is_dropped(manifest, condition, responses):
    table = predictions(manifest, condition, responses)
    assert list(table["prediction"]) == EXPECTED
    assert list(table["answer"]) == SAID
    assert list(table["utterance"]) == list(manifest["utterance"])
    np.testing.assert_allclose(np.exp(table.filter(like="logprob_").to_numpy()).sum(axis=1), 1)


def test_an_answer_that_was_cut_is_invalid_whatever_it_says(manifest, condition, responses):
    cut = predictions(manifest, condition, responses.assign(cut=True))
    assert set(cut["prediction"]) == {"INVALID"}
    assert cut["cut"].all()
    score = predictions(manifest, condition, responses.assign(cut=True), "score")
    assert list(score["prediction"]) == list(predictions(manifest, condition, responses, "score")["prediction"])


def test_score_readout_takes_the_most_probable_label(manifest, condition, responses):
    table = predictions(manifest, condition, responses, "score")
    best = table.filter(like="logprob_").idxmax(axis=1).str.removeprefix("logprob_")
    assert list(table["prediction"]) == list(best)


def test_responses_to_captions_are_found_by_their_own_words_and_read_by_those_of_answers(manifest, condition, responses):
    template = CaptionTemplate("feeling {label}", TEMPLATE.cue_block, {"sad": "sadness"})
    captions = "feeling angry\nfeeling happy\nfeeling neutral\nfeeling sadness"
    plain = condition.assign(cue_block="")
    found = responses.assign(prompt_id=prompt_id(captions))
    table = predict(manifest, plain, found, template, LABELS, answer_parser(ANSWERS), readout="generate")
    assert list(table["prediction"]) == EXPECTED
    [(key, *_)] = {tuple(each.prompt for each in one) for one in keyed_prompts(manifest, [plain], template, LABELS, "f", "s").values()}
    assert key == captions


def test_a_missing_response_is_named(manifest, condition, responses):
    with pytest.raises(InputError, match=r"responses: 1 missing, first to prompt .* of utterance 'u3'"):
        predictions(manifest, condition, responses[responses["utterance"] != "u3"])


def test_responses_to_other_labels_are_refused(manifest, condition, responses):
    with pytest.raises(InputError, match=r"responses: scored labels are \['a\|b'\], not angry\|happy"):
        predictions(manifest, condition, responses.assign(label_order="a|b"))
