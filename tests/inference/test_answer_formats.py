"""How a model words its answers, learnt from a few of them."""

import logging

import pytest
import torch

from cuealign.inference.answer_formats import expected_answers, learn_answer_formats
from cuealign.inference.packed import PackedEngine
from cuealign.models.backends import qwen2_audio
from cuealign.models.base import Request, Response
from tests.support.inference import entry, prompts
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone

WORDS = [label.word for label in LABELS]


@pytest.fixture(scope="module")
def model(checkpoint):
    torch.set_num_threads(1)
    return qwen2_audio.load(entry(path=str(checkpoint), max_new_tokens=64), "tiny", LABELS, TEMPLATE)


def responses_of(*answers, path="decoded", tokens=4):
    return [Response(answer, (0.0,), path, answer_tokens=tokens) for answer in answers]


def texts(model, responses):
    return [model.frontend.decode(answer) for answer in expected_answers(responses, LABELS, model.frontend)]


def test_a_format_is_applied_to_all_labels(model):
    found = texts(model, responses_of(f"It is {WORDS[0].capitalize()}.", f"It is {WORDS[1].capitalize()}."))
    assert found == [f"It is {word.capitalize()}." for word in WORDS]
    assert all(answer[-1] == model.frontend.end_of_turn for answer in expected_answers(responses_of("x"), LABELS, model.frontend))


def test_the_two_most_common_formats_are_kept(model):
    found = texts(model, responses_of("happy.", "happy.", "I hear happy", "I hear happy", "I hear happy", "(happy)"))
    assert found == [f"I hear {word}" for word in WORDS] + [f"{word}." for word in WORDS]


@pytest.mark.parametrize(
    "responses",
    [
        responses_of("happy."),  # once
        responses_of("happy.", "happy.", path="label"),
        responses_of("happy.", "happy.", tokens=13),  # too long to add to every prompt
        responses_of("happy or angry", "happy or angry"),
        responses_of("unhappy", "unhappy"),
        responses_of("who knows", "who knows"),
        responses_of("happy", "happy"),  # the label itself
    ],
)
def test_answers_that_are_no_common_format_are_not_expected(model, responses):
    assert texts(model, responses) == []


def test_formats_are_learnt_from_short_answers_and_added_to_the_tree(model, monkeypatch, caplog):
    engine = PackedEngine(model, LABELS)
    limits = []

    def respond(_requests):
        limits.append(model.max_new_tokens)
        yield responses_of("Angry!", "Happy!")

    monkeypatch.setattr(engine, "respond", respond)
    with caplog.at_level(logging.INFO):
        learn_answer_formats(engine, LABELS, [Request("u", tone(0.3), prompts(2))])
    assert limits == [13]  # one token more than an expected answer may have
    assert model.max_new_tokens == 64
    assert "answers expected besides the labels: 'Angry!', 'Happy!'" in caplog.text
    assert len(engine.tree.sequences) == 2 * len(LABELS)


def test_earlier_requests_do_not_change_what_is_learnt(model):
    """The same few prompts give the same tree in every job."""
    few = [Request(f"u{number}", tone(0.4, seed=number), prompts(6, number)) for number in range(3)]
    trees = []
    for before in ([], few[1:]):
        engine = PackedEngine(model, LABELS)
        list(engine.respond(before))
        learn_answer_formats(engine, LABELS, few)
        trees.append(engine.tree.sequences)
    assert trees[0] == trees[1]
