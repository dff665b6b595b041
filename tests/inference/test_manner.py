"""What a model says besides the label words, learnt from a few answers."""

import logging

import pytest
import torch

from cuealign.inference.answer_formats import expected_answers, learn_answer_formats
from cuealign.inference.packed import PackedEngine
from cuealign.models.backends import qwen2_audio
from cuealign.models.base import Request, Response
from tests.support.inference import ENTRY, prompts
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone

WORDS = [label.word for label in LABELS]


@pytest.fixture(scope="module")
def model(checkpoint):
    torch.set_num_threads(1)
    return qwen2_audio.load(ENTRY | {"path": str(checkpoint), "max_new_tokens": 64}, "tiny", LABELS, TEMPLATE)


def said(*answers, path="decoded", tokens=4):
    return [Response(answer, (0.0,), path, answer_tokens=tokens) for answer in answers]


def texts(model, responses):
    return [model.frontend.decode(answer) for answer in expected_answers(responses, LABELS, model.frontend)]


def test_a_manner_is_carried_over_to_all_labels(model):
    found = texts(model, said(f"It is {WORDS[0].capitalize()}.", f"It is {WORDS[1].capitalize()}."))
    assert found == [f"It is {word.capitalize()}." for word in WORDS]
    assert all(answer[-1] == model.frontend.end_of_turn for answer in expected_answers(said("x"), LABELS, model.frontend))


def test_the_two_most_usual_manners_are_kept(model):
    found = texts(model, said("happy.", "happy.", "I hear happy", "I hear happy", "I hear happy", "(happy)"))
    assert found == [f"I hear {word}" for word in WORDS] + [f"{word}." for word in WORDS]


@pytest.mark.parametrize(
    "responses",
    [
        said("happy."),  # once
        said("happy.", "happy.", path="label"),
        said("happy.", "happy.", tokens=13),  # too long to hang behind every prompt
        said("happy or angry", "happy or angry"),
        said("unhappy", "unhappy"),
        said("who knows", "who knows"),
        said("happy", "happy"),  # the label itself
    ],
)
def test_what_is_no_manner_is_not_expected(model, responses):
    assert texts(model, responses) == []


def test_a_few_answers_are_enough_to_learn_it(model, monkeypatch, caplog):
    engine = PackedEngine(model, LABELS)
    limits = []

    def respond(_sweeps):
        limits.append(model.max_new_tokens)
        yield said("Angry!", "Happy!")

    monkeypatch.setattr(engine, "respond", respond)
    with caplog.at_level(logging.INFO):
        learn_answer_formats(engine, LABELS, [Request("u", tone(0.3), prompts(2))])
    assert limits == [13]  # longer ones are of no use here
    assert model.max_new_tokens == 64
    assert "answers expected besides the labels: 'Angry!', 'Happy!'" in caplog.text
    assert len(engine.tree.sequences) == 2 * len(LABELS)


def test_what_was_tried_decides_and_nothing_else(model):
    """The same few prompts give the same tree, whatever the engine was asked before."""
    few = [Request(f"u{number}", tone(0.4, seed=number), prompts(6, number)) for number in range(3)]
    trees = []
    for before in ([], few[1:]):
        engine = PackedEngine(model, LABELS)
        list(engine.respond(before))
        learn_answer_formats(engine, LABELS, few)
        trees.append(engine.tree.sequences)
    assert trees[0] == trees[1]
