"""Sanity checks: a fault of a model or an engine stops a job before its sweep."""

import logging

import numpy as np
import pytest
import torch

from cuealign.core.errors import ModelError
from cuealign.inference import checks, language_model_checks
from cuealign.inference.packed import PackedEngine
from cuealign.models.backends import qwen2_audio
from cuealign.models.base import Request, Responder, Response
from tests.support.inference import entry, prompts
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone


@pytest.fixture
def model(checkpoint):
    torch.set_num_threads(1)
    return qwen2_audio.load(entry(path=str(checkpoint), max_new_tokens=8), "tiny", LABELS, TEMPLATE)


@pytest.fixture
def tried():
    return [Request(f"u{index}", tone(seconds, pitch=120 + 50 * index), prompts(4, index)) for index, seconds in enumerate((0.3, 0.8, 1.7))]


def check(model, tried, engine=None):
    language_model_checks.check_language_model(model, engine or PackedEngine(model, LABELS), LABELS, tried, dtype="float32")


def test_a_model_without_a_fault_passes_all_checks(model, tried, caplog):
    with caplog.at_level(logging.INFO):
        check(model, tried)
    assert "sanity checks passed on 3 utterances: placeholders, audio, one prompt at a time, order" in caplog.text


def test_a_model_that_ignores_its_audio_is_stopped(model, tried, monkeypatch):
    """The audio is encoded and thrown away, so every clip gets the same answer; this has happened unnoticed."""
    original = model.encode
    monkeypatch.setattr(model, "encode", lambda audios: torch.zeros_like(original(audios)))
    with pytest.raises(ModelError, match=r"audio: silence instead of u0 changes no score"):
        check(model, tried)


def test_placeholders_that_are_missing_are_named(model, tried, monkeypatch):
    original = model.frontend.tokenise
    monkeypatch.setattr(model.frontend, "tokenise", lambda prompt, count: original(prompt, count - 1))
    with pytest.raises(ModelError, match=r"audio placeholders and \d+ audio embeddings"):
        check(model, tried)
    assert next(language_model_checks._placeholders(model, tried)).startswith("placeholders: u0 has")


def test_positions_that_are_wrong_are_noticed(model, tried, monkeypatch):
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda embeddings, **given: original(embeddings, **given | {"positions": None}))
    with pytest.raises(ModelError, match=r"one prompt at a time: scores of u\d differ by"):
        check(model, tried)


class Shifting(PackedEngine):
    """Scores depend on the requests before, as with careless padding."""

    count = 0

    def respond(self, requests):
        for responses in super().respond(requests):
            self.count += 1
            yield [
                Response(**{**vars(response), "label_logprobs": tuple(score - 0.01 * self.count for score in response.label_logprobs)})
                for response in responses
            ]


def test_answers_that_depend_on_the_batch_are_noticed(model, tried):
    with pytest.raises(ModelError, match=r"order: scores of u\d change by"):
        check(model, tried, Shifting(model, LABELS))


def test_another_answer_than_the_greedy_one_is_noticed(model, tried):
    class Sampling(PackedEngine):
        def respond(self, requests):
            for responses in super().respond(requests):
                yield [Response(**{**vars(response), "path": "label", "answer": "drawn at random"}) for response in responses]

    with pytest.raises(ModelError, match=r"one prompt at a time: the answer to u0 is '.*', but the engine gives 'drawn at random'"):
        check(model, tried, Sampling(model, LABELS))


def test_free_answers_that_begin_with_other_words_are_noticed(model, tried):
    class Rambling(PackedEngine):
        def respond(self, requests):
            for responses in super().respond(requests):
                yield [Response(**{**vars(response), "path": "decoded", "answer": "Well, who knows"}) for response in responses]

    with pytest.raises(ModelError, match=r"one prompt at a time: 9 of 9 free answers begin with another word"):
        check(model, tried, Rambling(model, LABELS))


def test_only_the_beginning_of_long_answers_is_decoded(model, tried, monkeypatch):
    """Reasoning of a thousand tokens is not decoded, and the model's limit is restored."""
    model.max_new_tokens = 1000
    limits, original = [], model.generate
    monkeypatch.setattr(model, "generate", lambda ids, audio: limits.append(model.max_new_tokens) or original(ids, audio))
    check(model, tried)
    assert set(limits) == {language_model_checks.TOKENS}
    assert model.max_new_tokens == 1000


def test_all_checks_that_fail_are_reported_together(model, tried, monkeypatch):
    original = model.encode
    monkeypatch.setattr(model, "encode", lambda audios: torch.zeros_like(original(audios)))
    with pytest.raises(ModelError) as error:
        check(model, tried)
    assert "the model failed 2 sanity checks; its answers are unreliable:\n  - " in str(error.value)
    assert "audio: " in str(error.value)
    assert "one prompt at a time: " in str(error.value)


# ---------------------------------------------------------------- systems without a language model


class Listener(Responder):
    """Scores depend on the loudness of the audio, and on ``count``, the number of requests so far, times ``drift``."""

    fingerprint = "listener"

    def __init__(self, *, uses_audio=True, drift=0.0):
        self.uses_audio, self.drift, self.count = uses_audio, drift, 0

    def respond(self, requests):
        for request in requests:
            self.count += 1
            score = -1.0 - self.uses_audio * float(np.abs(request.load_audio()).mean()) - self.drift * self.count
            yield [Response("sad", (score,), "similarity") for _ in request.prompts]


def test_a_system_without_a_fault_passes_all_checks(tried, caplog):
    with caplog.at_level(logging.INFO):
        checks.check_responder(Listener(), tried, dtype="float32")
    assert "sanity checks passed on 3 utterances: audio, order" in caplog.text


def test_a_system_that_ignores_its_audio_is_stopped(tried):
    with pytest.raises(ModelError, match=r"failed 1 sanity check; its answers are unreliable:\n  - audio: silence instead of u0"):
        checks.check_responder(Listener(uses_audio=False), tried, dtype="float32")


def test_a_system_may_answer_one_sound_as_it_answers_silence(tried):
    silent = [Request("u0", np.zeros(8000, np.float32) + 1e-9, tried[0].prompts), *tried[1:]]
    checks.check_responder(Listener(), silent, dtype="float32")


def test_a_system_whose_scores_depend_on_the_order_is_stopped(tried):
    with pytest.raises(ModelError, match=r"order: scores of u\d change by"):
        checks.check_responder(Listener(drift=0.01), tried, dtype="float32")
