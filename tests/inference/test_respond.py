"""A job of a model: it loads the model, checks it, and answers its shard."""

import logging

import pandas as pd
import pytest
import torch

from cuealign.core.errors import ModelError
from cuealign.inference.respond import respond
from cuealign.models.backends import qwen2_audio
from cuealign.prompts.answers import AnswerParser
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sweeps import conditions

PARSE = AnswerParser({label.name: [label.word] for label in LABELS})


@pytest.fixture
def answer(manifest, tmp_path, checkpoint):
    """A function that runs one of two jobs."""

    def run(shard, **more):
        model = entry(path=str(checkpoint), max_new_tokens=8, shards=2, **more)
        return respond(
            manifest, conditions([1, 2]), LABELS, TEMPLATE, entry=model, name="tiny", parse=PARSE, shard=shard, store=tmp_path / "store"
        )

    torch.set_num_threads(1)
    return run


def test_a_job_answers_its_shard_and_reports_what_it_did(answer, manifest, caplog):
    with caplog.at_level(logging.INFO):
        table, figures, found = answer(1)
    assert list(table["utterance"].unique()) == list(manifest["utterance"][1::2])
    assert len(table) == figures["prompts"] == 3 * 3
    assert set(figures["seconds"]) == {"load", "checks", "answer"}
    assert (figures["utterances"], figures["engine"], figures["device"]) == (3, "packed", "cpu")
    assert figures["tokens"] > table["prompt_tokens"].max()
    assert "sanity checks passed on 3 utterances" in caplog.text
    assert list(found) == ["tensors_placed", "sounds", "sounds_cut"]  # the noise floor is the first shard's to find
    assert (found["sounds"], found["sounds_cut"]) == (3, 0)


def test_the_first_shard_measures_the_noise_floor_once_and_on_a_cpu_there_is_none(answer, caplog):
    with caplog.at_level(logging.INFO):
        _, _, found = answer(0)
    assert "noise floor: of 8 answers asked again, 0.0 % differ" in caplog.text
    assert found["tensors_placed"] > 50
    assert (found["noise_prompts"], found["answers_unstable"], found["score_noise"]) == (8, 0.0, 0.0)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert answer(0)[2] == found
    assert "noise floor" not in caplog.text


def test_a_job_whose_prompts_are_all_answered_computes_and_checks_nothing(answer):
    first, _, _ = answer(0)
    again, figures, _ = answer(0)
    pd.testing.assert_frame_equal(first, again)
    assert set(figures["seconds"]) == {"load", "answer"}
    assert (figures["prompts"], figures["utterances"], figures["tokens"]) == (0, 0, 0)
    assert "prompts_per_second" not in figures


def test_a_model_that_fails_its_checks_answers_nothing(answer, tmp_path, monkeypatch):
    original = qwen2_audio.Qwen2Audio.encode
    monkeypatch.setattr(qwen2_audio.Qwen2Audio, "encode", lambda model, audios: torch.zeros_like(original(model, audios)))
    with pytest.raises(ModelError, match="its answers are unreliable"):
        answer(0)
    assert not list((tmp_path / "store").glob("*.parquet"))


def test_a_language_model_of_a_backend_that_names_another_kind_is_refused(answer):
    """The code that its jobs depend on follows from the kind."""
    with pytest.raises(ModelError, match="qwen2_audio: loads an audio language model, but its KIND is 'contrastive'; leave out KIND"):
        answer(1, kind="contrastive")
