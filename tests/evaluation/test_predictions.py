"""From responses to predictions."""

import numpy as np
import pandas as pd
import pytest

from cuealign.config.entries.answers import Answer
from cuealign.core.errors import InputError
from cuealign.core.schema import PREDICTIONS, RESPONSES
from cuealign.evaluation.predictions import predict, read_predictions, read_responses
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


NAMES = [label.name for label in LABELS]
WAY_ON = "delete it and run the workflow again"


@pytest.fixture
def predicted(manifest, condition, responses, tmp_path):
    """A file of predictions; a changed one is written in its place by calling it."""
    file, table = tmp_path / "p.parquet", predictions(manifest, condition, responses)

    def write(change=lambda table: table):
        PREDICTIONS.write(change(table), file)
        return file

    write()
    return write


def test_predictions_are_matched_by_utterance_in_whatever_order_the_file_has_them(manifest, predicted):
    as_written = read_predictions(predicted(), manifest, NAMES)
    shuffled = read_predictions(predicted(lambda table: table.iloc[[3, 0, 4, 1, 2]]), manifest, NAMES)
    pd.testing.assert_frame_equal(shuffled, as_written)
    assert list(shuffled["utterance"]) == list(manifest["utterance"])


@pytest.mark.parametrize("column", ["speaker", "session", "label"])
def test_predictions_whose_columns_are_not_the_manifests_are_refused(manifest, predicted, column):
    file = predicted(lambda table: table.assign(**{column: [*table[column][:2], "other", *table[column][3:]]}))
    with pytest.raises(InputError, match=rf"^{file}: the {column} of utterance 'u2' is 'other', in the manifest .*; {WAY_ON}$"):
        read_predictions(file, manifest, NAMES)


def test_predictions_of_other_utterances_are_refused(manifest, predicted):
    file = predicted(lambda table: table.replace({"utterance": {"u1": "x"}}))
    with pytest.raises(InputError, match=rf"^{file}: its utterances are not those of the manifest .*'u1'.*; {WAY_ON}$"):
        read_predictions(file, manifest, NAMES)
    with pytest.raises(InputError, match="'x'"):
        read_predictions(file, manifest, NAMES, whole=False)


def test_predictions_of_a_part_are_refused_unless_a_part_was_asked(manifest, predicted):
    file = predicted(lambda table: table.iloc[1:])
    with pytest.raises(InputError, match="first difference: 'u0'"):
        read_predictions(file, manifest, NAMES)
    assert list(read_predictions(file, manifest, NAMES, whole=False)["utterance"]) == ["u1", "u2", "u3", "u4"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(prediction="cross"), "predicts 'cross' of utterance 'u0', which is no label"),
        (lambda table: table.drop(columns="logprob_sad"), "has no log-probabilities of 'sad'"),
        (lambda table: table.assign(logprob_sad=[0.0, float("nan"), 0.0, 0.0, 0.0]), "lacks a log-probability of utterance 'u1'"),
    ],
)
def test_predictions_that_no_model_made_are_refused(manifest, predicted, change, message):
    with pytest.raises(InputError, match=rf"{message}; {WAY_ON}$"):
        read_predictions(predicted(change), manifest, NAMES)


def test_a_response_in_two_shards_is_named_with_its_file(responses, tmp_path):
    for shard in (0, 1):
        RESPONSES.write(responses.iloc[2 * shard :], tmp_path / f"shard{shard}.parquet")
    with pytest.raises(InputError, match=rf"^{tmp_path}/shard1.parquet: has utterance 'u\d', which another shard has too; delete the"):
        read_responses([tmp_path / "shard0.parquet", tmp_path / "shard1.parquet"])


def test_a_response_with_too_few_scores_is_refused(manifest, condition, responses):
    short = responses.assign(label_logprobs=[scores[:-1] for scores in responses["label_logprobs"]])
    with pytest.raises(InputError, match="does not have one log-probability for each of the 4 labels"):
        predictions(manifest, condition, short)
