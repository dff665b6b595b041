"""Every family of audio language models: tiny checkpoints of its real classes, saved and loaded as on the hub, and the packed
engine against one prompt at a time by transformers' own code.
"""

import logging

import numpy as np
import pytest
import torch

from cuealign.inference import packed
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models import backends
from cuealign.models.base import Request
from cuealign.prompts.labels import Label
from tests.support import families
from tests.support.inference import ENTRY, LONG, assert_same, prompts
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone

FAMILIES = ("qwen2_audio", *families.FAMILIES)


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, tmp_path_factory, checkpoint):
    torch.set_num_threads(1)
    folder = checkpoint
    if request.param in families.FAMILIES:
        folder = tmp_path_factory.mktemp(request.param)
        families.FAMILIES[request.param](folder)
    return backends.module(request.param, "tiny").load(ENTRY | {"path": str(folder), "max_new_tokens": 20}, "tiny", LABELS, TEMPLATE)


def sweeps(counts) -> list[Request]:
    """Sound from less than one audio token to more than one window."""
    lengths = (0.02, 0.1, 1.3, 0.7, 2.6, 6.2)
    return [
        Request(f"u{index}", tone(lengths[index % 6], pitch=110 + 40 * index, seed=index), prompts(count, index))
        for index, count in enumerate(counts)
    ]


def respond(engine, asked):
    return list(engine.respond(asked))


@pytest.mark.parametrize("labels", [LABELS, LONG], ids=["words", "phrases"])
def test_packed_is_one_prompt_at_a_time(model, labels):
    asked = sweeps((1, 7, 4, 2, 5, 3))
    slow = respond(ReferenceEngine(model, labels), asked)
    for found, expected in zip(respond(PackedEngine(model, labels, budget=1500), asked), slow, strict=True):
        assert_same(found, expected)
    scores = np.array([response.label_logprobs for responses in slow for response in responses])
    assert np.ptp(scores, axis=0).min() > 0.1  # the comparison bites


def test_both_ways_to_an_answer_are_taken(model):
    """With what the model likes to say as labels, some greedy paths are labels and others leave them."""
    asked = sweeps((12, 12, 12, 12, 12))
    said = {response.answer: response.answer_tokens for responses in respond(PackedEngine(model, LABELS), asked) for response in responses}
    words = [word for word, count in said.items() if word and 2 <= count == len(model.frontend.answer_ids(word))][:3]
    assert words
    labels = [Label(f"said {number}", word) for number, word in enumerate(words)]
    fast = respond(PackedEngine(model, labels), asked)
    assert {response.path for responses in fast for response in responses} >= {"label", "decoded"}
    for found, expected in zip(fast[:2], respond(ReferenceEngine(model, labels), asked[:2]), strict=True):
        assert_same(found, expected)


def test_forty_conditions(model):
    (asked,) = sweeps((40,))
    (together,) = respond(PackedEngine(model, LABELS), [asked])
    chosen = (0, 13, 39)
    (alone,) = respond(ReferenceEngine(model, LABELS), [Request("u", asked.audio, tuple(asked.prompts[row] for row in chosen))])
    assert_same([together[row] for row in chosen], alone)


@pytest.mark.parametrize("budget", [1, 700, 100_000])
def test_any_budget_gives_the_same(model, budget):
    asked = sweeps((3, 5, 2, 4))
    for found, expected in zip(
        respond(PackedEngine(model, LABELS, budget=budget), asked), respond(PrefixEngine(model, LABELS), asked), strict=True
    ):
        assert_same(found, expected)


def test_threads_ahead_change_nothing(model):
    asked = sweeps((3, 5, 2, 4))
    for found, expected in zip(
        respond(PackedEngine(model, LABELS, budget=900, workers=3), asked), respond(PackedEngine(model, LABELS), asked), strict=True
    ):
        assert_same(found, expected)


def test_order_changes_nothing(model):
    asked = sweeps((3, 5, 2, 4))
    turned = respond(PackedEngine(model, LABELS), asked[::-1])[::-1]
    for found, expected in zip(turned, respond(PackedEngine(model, LABELS), asked), strict=True):
        assert_same(found, expected)


def test_answers_that_are_expected_stay_the_same(model):
    """With what the model really says in the tree, the same is known without decoding."""
    asked = sweeps((12, 12, 12, 12, 12))
    first = respond(PackedEngine(model, LABELS), asked)
    engine = PackedEngine(model, LABELS)
    engine.expect(ended(model, asked, first))
    found = respond(engine, asked)
    for responses, expected in zip(found, first, strict=True):
        assert_same(responses, expected)
    assert any(response.path == "expected" for responses in found for response in responses)


def ended(model, asked, answered) -> list[tuple[int, ...]]:
    """Token ids of free answers that came to an end."""
    found = []
    for request, responses in zip(asked, answered, strict=True):
        audio = model.frontend.prepare(request.load_audio())
        for prompt, response in zip(request.prompts, responses, strict=True):
            if response.path == "decoded" and response.answer_tokens <= 12:
                found.append(tuple(model.generate(model.frontend.tokenise(prompt, audio.tokens), audio)))
    found = [answer for answer in found if model.frontend.audio_token not in answer]  # random weights say anything
    assert found, "no answer beside the labels ends soon enough: the checkpoint does not test this"
    return list(dict.fromkeys(found))[:8]


def test_silence_is_heard_as_silence(model):
    (asked,) = sweeps((2,))
    heard, unheard = (
        np.array([response.label_logprobs for response in responses])
        for responses in respond(
            PackedEngine(model, LABELS), [Request("a", tone(1.0), asked.prompts), Request("b", np.zeros(16_000, np.float32), asked.prompts)]
        )
    )
    assert np.abs(heard - unheard).max() > 0.1


def test_an_error_while_working_ahead_is_raised_as_it_is(model):
    from cuealign.core.errors import InputError

    def gone():
        raise InputError("a.wav: no such file")

    asked = [*sweeps((2, 2)), Request("gone", gone, prompts(2))]
    with pytest.raises(InputError, match=r"^a\.wav: no such file$"):
        respond(PackedEngine(model, LABELS, workers=2), asked)


def test_memory_that_runs_out_halves_the_budget_and_loses_nothing(model, monkeypatch, caplog):
    asked = sweeps((3, 5, 2, 4))
    expected = respond(PackedEngine(model, LABELS), asked)
    engine = PackedEngine(model, LABELS, budget=100_000)
    original = engine._pass

    def scarce(pack):
        if len(pack) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(pack)

    monkeypatch.setattr(engine, "_pass", scarce)
    with caplog.at_level(logging.WARNING):
        for found, theirs in zip(respond(engine, asked), expected, strict=True):
            assert_same(found, theirs)
    assert "out of GPU memory with 4 utterances in a pass; pack_tokens is 50000 from here on" in caplog.text


def test_an_utterance_that_does_not_fit_by_itself_is_named(model, monkeypatch):
    from cuealign.core.errors import ModelError

    def none(_pack):
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine = PackedEngine(model, LABELS)
    monkeypatch.setattr(engine, "_pass", none)
    with pytest.raises(ModelError, match=r"utterance u0: its \d+ tokens do not fit"):
        respond(engine, sweeps((2,)))


def test_flex_attention_gives_the_same_as_dense(model):
    """FlexAttention runs uncompiled here, on the CPU: slow, and the same arithmetic as on a GPU."""
    asked = sweeps((3,))
    (expected,) = respond(PackedEngine(model, LABELS), asked)
    engine = PackedEngine(model, LABELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "dense_mask", packed.block_mask)
        patch.setattr(engine, "_length", lambda size: -(-size // packed.BLOCK) * packed.BLOCK)
        patch.setattr(torch, "compile", lambda function, **_options: function)
        (found,) = respond(engine, asked)
    assert_same(found, expected)


def test_an_option_that_the_backend_does_not_know_is_named(model):
    from cuealign.core.errors import ModelError

    backend = type(model).__module__.rsplit(".", 1)[-1]
    with pytest.raises(ModelError, match=r"models\.tiny\.options: unknown option 'sytem'; known: (none|system, seconds)"):
        backends.module(backend, "tiny").load(ENTRY | {"options": {"sytem": "x"}}, "tiny", LABELS, TEMPLATE)
