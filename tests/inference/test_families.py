"""Every family of audio language models: the packed engine against one prompt at a time by transformers' own code.

The checkpoints are tiny ones of the family's real classes, saved and loaded as on the hub. The template of a backend in
docs/extending.md is a family too, with another end of turn than the included ones.
"""

import logging

import numpy as np
import pytest
import torch

from cuealign.core.errors import ConfigError, InputError, ModelError
from cuealign.inference import packed
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.backends import BACKENDS
from cuealign.models.base import Request
from cuealign.prompts.labels import Label
from tests.support import families
from tests.support.inference import LONG, assert_same, entry, prompts, requests
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone

FAMILIES = {**families.FAMILIES, families.OF_THE_PAGE: families.with_another_end}


@pytest.fixture(scope="module", params=("qwen2_audio", *FAMILIES))
def model(request, tmp_path_factory, checkpoint):
    torch.set_num_threads(1)
    folder = checkpoint
    if request.param in FAMILIES:
        folder = tmp_path_factory.mktemp(request.param)
        FAMILIES[request.param](folder)
    if request.param == families.OF_THE_PAGE:
        request.getfixturevalue("backend_of_the_page")
    return BACKENDS.get(request.param)(entry(path=str(folder)), "tiny", LABELS, TEMPLATE)


def respond(engine, todo):
    return list(engine.respond(todo))


@pytest.mark.parametrize("labels", [LABELS, LONG], ids=["words", "phrases"])
def test_packed_is_one_prompt_at_a_time(model, labels):
    todo = requests((1, 7, 4, 2, 5, 3))
    slow = respond(ReferenceEngine(model, labels), todo)
    for found, expected in zip(respond(PackedEngine(model, labels, budget=1500), todo), slow, strict=True):
        assert_same(found, expected)
    scores = np.array([response.label_logprobs for responses in slow for response in responses])
    assert np.ptp(scores, axis=0).min() > 0.1  # the comparison is not trivial


def test_both_ways_to_an_answer_are_taken(model):
    """With frequent answers of the model as labels, some greedy paths are labels and others leave the tree."""
    todo = requests((12, 12, 12, 12, 12))
    tokens_of = {
        response.answer: response.answer_tokens for responses in respond(PackedEngine(model, LABELS), todo) for response in responses
    }
    words = [word for word, count in tokens_of.items() if word and 2 <= count == len(model.frontend.answer_ids(word))][:3]
    assert words
    labels = [Label(f"label {number}", word) for number, word in enumerate(words)]
    fast = respond(PackedEngine(model, labels), todo)
    assert {response.path for responses in fast for response in responses} >= {"label", "decoded"}
    for found, expected in zip(fast[:2], respond(ReferenceEngine(model, labels), todo[:2]), strict=True):
        assert_same(found, expected)


def test_forty_conditions_of_an_utterance_are_one_prompt_at_a_time(model):
    (request,) = requests((40,))
    (together,) = respond(PackedEngine(model, LABELS), [request])
    chosen = (0, 13, 39)
    (alone,) = respond(ReferenceEngine(model, LABELS), [Request("u", request.audio, tuple(request.prompts[row] for row in chosen))])
    assert_same([together[row] for row in chosen], alone)


@pytest.mark.parametrize("budget", [1, 700, 100_000])
def test_any_budget_gives_the_same(model, budget):
    todo = requests((3, 5, 2, 4))
    for found, expected in zip(
        respond(PackedEngine(model, LABELS, budget=budget), todo), respond(PrefixEngine(model, LABELS), todo), strict=True
    ):
        assert_same(found, expected)


def test_threads_that_work_ahead_change_nothing(model):
    todo = requests((3, 5, 2, 4))
    for found, expected in zip(
        respond(PackedEngine(model, LABELS, budget=900, workers=3), todo), respond(PackedEngine(model, LABELS), todo), strict=True
    ):
        assert_same(found, expected)


def test_order_changes_nothing(model):
    todo = requests((3, 5, 2, 4))
    reverse = respond(PackedEngine(model, LABELS), todo[::-1])[::-1]
    for found, expected in zip(reverse, respond(PackedEngine(model, LABELS), todo), strict=True):
        assert_same(found, expected)


def test_expected_answers_stay_the_same(model):
    """If the model's own answers are in the tree, the responses are the same without decoding."""
    todo = requests((12, 12, 12, 12, 12))
    first = respond(PackedEngine(model, LABELS), todo)
    engine = PackedEngine(model, LABELS)
    engine.expect(short_answers(model, todo, first))
    found = respond(engine, todo)
    for responses, expected in zip(found, first, strict=True):
        assert_same(responses, expected)
    assert any(response.path == "expected" for responses in found for response in responses)


def short_answers(model, todo, answered) -> list[tuple[int, ...]]:
    """Token ids of free answers that end soon enough to expect them."""
    found = []
    for request, responses in zip(todo, answered, strict=True):
        audio = model.frontend.prepare(request.load_audio())
        for prompt, response in zip(request.prompts, responses, strict=True):
            if response.path == "decoded" and response.answer_tokens <= 12:
                found.append(tuple(model.generate(model.frontend.tokenise(prompt, audio.tokens), audio)))
    found = [answer for answer in found if model.frontend.audio_token not in answer]  # random weights say anything
    assert found, "no answer beside the labels ends soon enough: the checkpoint does not test this"
    return list(dict.fromkeys(found))[:8]


def test_silence_gets_other_scores_than_a_tone(model):
    (request,) = requests((2,))
    with_sound, without = (
        np.array([response.label_logprobs for response in responses])
        for responses in respond(
            PackedEngine(model, LABELS),
            [Request("a", tone(1.0), request.prompts), Request("b", np.zeros(16_000, np.float32), request.prompts)],
        )
    )
    assert np.abs(with_sound - without).max() > 0.1


def test_an_error_of_a_thread_that_works_ahead_is_raised_unchanged(model):
    def gone():
        raise InputError("a.wav: no such file")

    todo = [*requests((2, 2)), Request("gone", gone, prompts(2))]
    with pytest.raises(InputError, match=r"^a\.wav: no such file$"):
        respond(PackedEngine(model, LABELS, workers=2), todo)


def test_memory_that_runs_out_halves_the_budget_and_loses_nothing(model, monkeypatch, caplog):
    todo = requests((3, 5, 2, 4))
    expected = respond(PackedEngine(model, LABELS), todo)
    engine = PackedEngine(model, LABELS, budget=100_000)
    original = engine._pass

    def scarce(batch):
        if len(batch) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(batch)

    monkeypatch.setattr(engine, "_pass", scarce)
    with caplog.at_level(logging.WARNING):
        for found, theirs in zip(respond(engine, todo), expected, strict=True):
            assert_same(found, theirs)
    assert "out of GPU memory with 4 utterances in a pass; batch_tokens is 50000 from here on" in caplog.text


def test_an_utterance_that_does_not_fit_into_memory_is_named(model, monkeypatch):
    def none(_batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine = PackedEngine(model, LABELS)
    monkeypatch.setattr(engine, "_pass", none)
    with pytest.raises(ModelError, match=r"utterance u0: its \d+ tokens do not fit"):
        respond(engine, requests((2,)))


def test_flex_attention_gives_the_same_as_dense(model):
    """FlexAttention runs uncompiled here, on the CPU: slow, and the same arithmetic as on a GPU."""
    todo = requests((3,))
    (expected,) = respond(PackedEngine(model, LABELS), todo)
    engine = PackedEngine(model, LABELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "dense_mask", packed.block_mask)
        patch.setattr(engine, "_length", lambda size: -(-size // packed.BLOCK) * packed.BLOCK)
        patch.setattr(torch, "compile", lambda function, **_options: function)
        (found,) = respond(engine, todo)
    assert_same(found, expected)


def test_an_unknown_option_is_named(model):
    backend = type(model).__module__.rsplit(".", 1)[-1]
    with pytest.raises(ConfigError, match=r"^models\.tiny\.options\.sytem: unknown key.*; known: (none|(system, )?seconds(, chat)?)$"):
        BACKENDS.options(backend, {"sytem": "x"}, "models.tiny.options")
