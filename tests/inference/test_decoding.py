"""Decoding in batches: the composition of batches changes no answer."""

import logging

import pytest
import torch

from cuealign.core.errors import ModelError
from cuealign.inference import decoding
from cuealign.inference.decoding import Prompt, decode_greedily
from tests.support.inference import prompts as texts
from tests.support.sound import tone


@pytest.fixture(scope="module")
def model(qwen):
    return qwen


@pytest.fixture(scope="module")
def prompts(model):
    """Prompts of unequal length to sounds of unequal length, mixed."""
    found = []
    for number, seconds in enumerate((0.1, 1.9, 0.7)):
        audio = model.frontend.prepare(tone(seconds, seed=number))
        found += [Prompt(f"u{number}", model.frontend.tokenise(prompt, audio.tokens), audio) for prompt in texts(5, number)]
    return found[::2] + found[1::2]


@pytest.fixture(scope="module")
def alone(model, prompts):
    """Oracle: transformers' own ``generate``, a prompt at a time."""
    with torch.inference_mode():
        answers = [model.generate(prompt.ids, prompt.audio) for prompt in prompts]
    assert len({len(answer) for answer in answers}) > 2  # they end at different steps
    return answers


def test_prompts_decoded_together_get_the_answers_that_they_get_alone(model, prompts, alone):
    with torch.inference_mode():
        assert decode_greedily(model, prompts) == alone


def test_an_audio_is_encoded_once(model, prompts, alone, monkeypatch):
    original, counts = model.encode, []
    monkeypatch.setattr(model, "encode", lambda audios: counts.append(len(audios)) or original(audios))
    with torch.inference_mode():
        assert decode_greedily(model, prompts) == alone
    assert counts == [3]


@pytest.mark.parametrize("tokens", [1, 400])
def test_the_size_of_a_forest_changes_no_answer(model, prompts, alone, monkeypatch, tokens):
    monkeypatch.setattr(decoding, "_DENSE", tokens)
    with torch.inference_mode():
        assert decode_greedily(model, prompts) == alone


@pytest.mark.parametrize("prompts_at_a_time", [1, 2, 4])
def test_the_memory_of_the_cache_limits_a_batch(model, prompts, alone, monkeypatch, prompts_at_a_time):
    longest = max(len(prompt.ids) for prompt in prompts) + model.max_new_tokens
    monkeypatch.setattr(decoding, "CACHE_BYTES", prompts_at_a_time * longest * model.cache_bytes_per_token)
    sizes, original = [], decoding._decode
    monkeypatch.setattr(decoding, "_decode", lambda model, batch: sizes.append(len(batch)) or original(model, batch))
    with torch.inference_mode():
        assert decode_greedily(model, prompts) == alone
    assert max(sizes) >= prompts_at_a_time
    assert sum(sizes) == len(prompts)


def test_cache_bytes_are_those_of_the_cache(model, prompts):
    cache = model.new_cache()
    with torch.inference_mode():
        model.forward(model.embed_text(torch.tensor([prompts[0].ids])), cache=cache)
    used = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    assert used == len(prompts[0].ids) * model.cache_bytes_per_token


def test_memory_that_runs_out_halves_the_batch(model, prompts, alone, monkeypatch, caplog):
    original = decoding._decode

    def scarce(model, batch):
        if len(batch) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(model, batch)

    monkeypatch.setattr(decoding, "_decode", scarce)
    with torch.inference_mode(), caplog.at_level(logging.WARNING):
        assert decode_greedily(model, prompts) == alone
    assert "out of GPU memory with 15 answers to decode at a time" in caplog.text


def test_an_utterance_whose_answer_does_not_fit_into_memory_is_named(model, prompts, monkeypatch):
    def none(_model, _batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(decoding, "_decode", none)
    with pytest.raises(ModelError, match=r"utterance u\d: too little GPU memory to decode one answer"):
        decode_greedily(model, prompts)


def test_no_prompts_get_no_answers(model):
    assert decode_greedily(model, []) == []
