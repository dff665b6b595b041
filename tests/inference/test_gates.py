"""Gates and leases: what must hold before a job spends its hours."""

import logging
import multiprocessing
import os
import signal
import time

import pandas as pd
import pytest
import torch

from cuealign.core.errors import InputError, ModelError
from cuealign.inference import checks, sweep
from cuealign.inference.packed import PackedEngine
from cuealign.inference.store import ResponseStore
from cuealign.models.backends import qwen2_audio
from cuealign.models.base import Request, Response
from cuealign.runtime import gpu_lock
from tests.support.inference import ENTRY, prompts
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone


@pytest.fixture
def model(checkpoint):
    torch.set_num_threads(1)
    return qwen2_audio.load(ENTRY | {"path": str(checkpoint), "max_new_tokens": 8}, "tiny", LABELS, TEMPLATE)


@pytest.fixture
def tried():
    return [Request(f"u{index}", tone(seconds, pitch=120 + 50 * index), prompts(4, index)) for index, seconds in enumerate((0.3, 0.8, 1.7))]


def check(model, tried, engine=None):
    checks.check(model, engine or PackedEngine(model, LABELS), LABELS, tried, dtype="float32")


def test_a_sound_model_passes_all_gates(model, tried, caplog):
    with caplog.at_level(logging.INFO):
        check(model, tried)
    assert "gates passed on 3 utterances: audio heard, placeholders, one prompt at a time, order" in caplog.text


def test_a_model_that_does_not_hear_is_stopped(model, tried, monkeypatch):
    """The audio is encoded and thrown away: every clip gets the same answer, as has happened unnoticed."""
    original = model.encode
    monkeypatch.setattr(model, "encode", lambda audios: torch.zeros_like(original(audios)))
    with pytest.raises(ModelError, match=r"audio: silence in the place of u0 changes no score"):
        check(model, tried)


def test_placeholders_that_are_missing_are_named(model, tried, monkeypatch):
    original = model.frontend.tokenise
    monkeypatch.setattr(model.frontend, "tokenise", lambda prompt, count: original(prompt, count - 1))
    with pytest.raises(ModelError, match=r"audio placeholders and \d+ audio embeddings"):
        check(model, tried)
    assert next(checks._placeholders(model, tried)).startswith("placeholders: u0 has")


def test_positions_that_are_wrong_are_noticed(model, tried, monkeypatch):
    original = model.forward
    monkeypatch.setattr(model, "forward", lambda embeddings, **given: original(embeddings, **given | {"positions": None}))
    with pytest.raises(ModelError, match=r"one prompt at a time: scores of u\d differ by"):
        check(model, tried)


class Shifting(PackedEngine):
    """Scores depend on what was asked before, as with careless padding."""

    asked = 0

    def respond(self, sweeps):
        for responses in super().respond(sweeps):
            self.asked += 1
            yield [
                Response(**{**vars(response), "label_logprobs": tuple(score - 0.01 * self.asked for score in response.label_logprobs)})
                for response in responses
            ]


def test_answers_that_depend_on_the_batch_are_noticed(model, tried):
    with pytest.raises(ModelError, match=r"order: scores of u\d change by"):
        check(model, tried, Shifting(model, LABELS))


def test_another_answer_than_the_greedy_one_is_noticed(model, tried):
    class Sampling(PackedEngine):
        def respond(self, sweeps):
            for responses in super().respond(sweeps):
                yield [Response(**{**vars(response), "path": "label", "answer": "drawn at random"}) for response in responses]

    with pytest.raises(ModelError, match=r"one prompt at a time: u0 is answered '.*', and 'drawn at random' by the engine"):
        check(model, tried, Sampling(model, LABELS))


def test_free_answers_that_begin_in_another_way_are_noticed(model, tried):
    class Rambling(PackedEngine):
        def respond(self, sweeps):
            for responses in super().respond(sweeps):
                yield [Response(**{**vars(response), "path": "decoded", "answer": "Well, who knows"}) for response in responses]

    with pytest.raises(ModelError, match=r"one prompt at a time: 9 of 9 answers that name no label alone begin in another way"):
        check(model, tried, Rambling(model, LABELS))


def test_gates_try_the_beginning_of_long_answers(model, tried, monkeypatch):
    """Reasoning of a thousand tokens is not waited for, and the limit is as before afterwards."""
    model.max_new_tokens = 1000
    limits, original = [], model.generate
    monkeypatch.setattr(model, "generate", lambda ids, audio: limits.append(model.max_new_tokens) or original(ids, audio))
    check(model, tried)
    assert set(limits) == {checks.TOKENS}
    assert model.max_new_tokens == 1000


def test_all_gates_that_fail_are_named_together(model, tried, monkeypatch):
    original = model.encode
    monkeypatch.setattr(model, "encode", lambda audios: torch.zeros_like(original(audios)))
    with pytest.raises(ModelError) as error:
        check(model, tried)
    assert "audio: " in str(error.value)
    assert "one prompt at a time: " in str(error.value)


def test_a_sample_is_of_what_is_not_answered_yet(tmp_path):
    manifest = pd.DataFrame({"utterance": list("abcde"), "duration": [5.0, 1.0, 3.0, 2.0, 4.0], "file": "x.wav", "start": 0.0, "end": 1.0})
    manifest["audio_sha256"] = manifest["utterance"]
    asked = {name: [sweep.Question(f"{name}1", "p"), sweep.Question(f"{name}2", "q")] for name in "abcde"}
    store = ResponseStore(tmp_path, "shard0")
    assert [one.utterance for one in sweep.sample(manifest, asked, store)] == ["b", "c", "a"]
    response = Response("sad", (-1.0,), "label")
    store.append([(f"{name}{number}", name, "p", response) for name in "abcd" for number in (1, 2)], "sad", "f")
    assert [one.utterance for one in sweep.sample(manifest, asked, store)] == ["e"]
    store.append([(f"e{number}", "e", "p", response) for number in (1, 2)], "sad", "f")
    assert sweep.sample(manifest, asked, store) == []


# ---------------------------------------------------------------- leases


def hold(names, folder, told):
    told.send("started")
    with gpu_lock.lease(names, folder) as index:
        told.send((os.getpid(), index))
        time.sleep(60)


@pytest.fixture
def context():
    return multiprocessing.get_context("spawn")


def test_every_job_has_a_device_of_its_own_and_a_killed_one_gives_it_back(tmp_path, context):
    pipes = [context.Pipe(duplex=False) for _ in range(3)]
    jobs = [context.Process(target=hold, args=(["gpu-a", "gpu-b"], tmp_path, end)) for _, end in pipes]
    try:
        for job in jobs[:2]:
            job.start()
        first = dict([pipe.recv() for _ in range(2)][1] for pipe, _ in pipes[:2])
        assert sorted(first.values()) == [0, 1]
        jobs[2].start()
        assert pipes[2][0].recv() == "started"
        assert not pipes[2][0].poll(2)  # it waits
        os.kill(jobs[0].pid, signal.SIGKILL)
        assert pipes[2][0].recv() == (jobs[2].pid, first[jobs[0].pid])
    finally:
        for job in jobs:
            if job.pid:
                job.kill()
                job.join()


def test_a_lease_ends_with_its_block(tmp_path):
    for _ in range(3):
        with gpu_lock.lease(["gpu"], tmp_path) as index:
            assert index == 0


def test_what_is_not_a_free_choice_is_left_alone():
    for asked in ("cpu", "cuda:1"):
        with gpu_lock.device(asked) as device:
            assert device == asked


def test_a_gpu_that_is_not_there_is_missed(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(InputError, match="there is no GPU here"), gpu_lock.device("cuda"):
        pass
