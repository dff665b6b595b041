"""Decoding in batches: which prompts share a batch, and how many, changes nothing."""

import logging

import pytest
import torch

from cuealign.core.errors import ModelError
from cuealign.inference import decoding
from cuealign.inference.decoding import Prompt, decode_greedily
from cuealign.models.backends import qwen2_audio
from tests.support.inference import ENTRY, prompts
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone


@pytest.fixture(scope="module")
def model(checkpoint):
    torch.set_num_threads(1)
    return qwen2_audio.load(ENTRY | {"path": str(checkpoint)}, "tiny", LABELS, TEMPLATE)


@pytest.fixture(scope="module")
def asked(model):
    """Prompts of unequal length to sounds of unequal length, mixed."""
    found = []
    for number, seconds in enumerate((0.1, 1.9, 0.7)):
        audio = model.frontend.prepare(tone(seconds, seed=number))
        found += [Prompt(f"u{number}", model.frontend.tokenise(prompt, audio.tokens), audio) for prompt in prompts(5, number)]
    return found[::2] + found[1::2]


@pytest.fixture(scope="module")
def alone(model, asked):
    """Oracle: transformers' own ``generate``, a prompt at a time."""
    with torch.inference_mode():
        answers = [model.generate(prompt.ids, prompt.audio) for prompt in asked]
    assert len({len(answer) for answer in answers}) > 2  # they end at different steps
    return answers


def test_all_together(model, asked, alone):
    with torch.inference_mode():
        assert decode_greedily(model, asked) == alone


def test_an_audio_is_encoded_once(model, asked, alone, monkeypatch):
    original, heard = model.encode, []
    monkeypatch.setattr(model, "encode", lambda audios: heard.append(len(audios)) or original(audios))
    with torch.inference_mode():
        assert decode_greedily(model, asked) == alone
    assert heard == [3]


@pytest.mark.parametrize("tokens", [1, 400])
def test_what_is_read_at_a_time_changes_nothing(model, asked, alone, monkeypatch, tokens):
    monkeypatch.setattr(decoding, "_DENSE", tokens)
    with torch.inference_mode():
        assert decode_greedily(model, asked) == alone


@pytest.mark.parametrize("prompts_at_a_time", [1, 2, 4])
def test_the_cache_limits_a_batch(model, asked, alone, monkeypatch, prompts_at_a_time):
    longest = max(len(prompt.ids) for prompt in asked) + model.max_new_tokens
    monkeypatch.setattr(decoding, "CACHE_BYTES", prompts_at_a_time * longest * model.cache_bytes_per_token)
    sizes, original = [], decoding._decode
    monkeypatch.setattr(decoding, "_decode", lambda model, batch: sizes.append(len(batch)) or original(model, batch))
    with torch.inference_mode():
        assert decode_greedily(model, asked) == alone
    assert max(sizes) >= prompts_at_a_time
    assert sum(sizes) == len(asked)


def test_cache_bytes_are_those_of_the_cache(model, asked):
    cache = model.new_cache()
    with torch.inference_mode():
        model.forward(model.embed_text(torch.tensor([asked[0].ids])), cache=cache)
    used = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    assert used == len(asked[0].ids) * model.cache_bytes_per_token


def test_memory_that_runs_out_halves_the_batch(model, asked, alone, monkeypatch, caplog):
    original = decoding._decode

    def scarce(model, batch):
        if len(batch) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(model, batch)

    monkeypatch.setattr(decoding, "_decode", scarce)
    with torch.inference_mode(), caplog.at_level(logging.WARNING):
        assert decode_greedily(model, asked) == alone
    assert "out of GPU memory with 15 answers to decode at a time" in caplog.text


def test_an_answer_that_does_not_fit_by_itself_is_named(model, asked, monkeypatch):
    def none(_model, _batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(decoding, "_decode", none)
    with pytest.raises(ModelError, match=r"utterance u\d: an answer to it does not fit"):
        decode_greedily(model, asked)


def test_nothing_asked_is_nothing_answered(model):
    assert decode_greedily(model, []) == []
