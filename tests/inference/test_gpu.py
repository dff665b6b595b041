"""What only a GPU shows: FlexAttention's kernels, compiled layers, memory that really runs out, leases of real devices.

Skipped where there is none. Tiny checkpoints in float32, so that rounding hides nothing.
"""

import logging
import multiprocessing

import numpy as np
import pytest
import torch

from cuealign.inference import checks
from cuealign.inference.decoding import Prompt, decode_greedily
from cuealign.inference.job_report import Stopwatch, job_report
from cuealign.inference.packed import PackedEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models import backends
from cuealign.runtime import gpu_lock
from tests.support import families, test_contrastive
from tests.support.families import FAMILIES
from tests.support.inference import ENTRY, LONG, assert_same
from tests.support.prompts import LABELS, TEMPLATE

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, tmp_path_factory, checkpoint):
    folder = checkpoint
    if request.param in families.FAMILIES:
        folder = tmp_path_factory.mktemp(request.param)
        families.FAMILIES[request.param](folder)
    entry = ENTRY | {"path": str(folder), "max_new_tokens": 20, "device": "cuda"}
    loaded = backends.module(request.param, "tiny").load(entry, "tiny", LABELS, TEMPLATE)
    loaded.compile()
    return loaded


@pytest.mark.parametrize("labels", [LABELS, LONG], ids=["words", "phrases"])
@pytest.mark.parametrize("budget", [1, 1500, 100_000])
def test_packed_is_one_prompt_at_a_time(model, labels, budget):
    asked = sweeps((1, 7, 4, 2, 5, 3))
    slow = list(ReferenceEngine(model, labels).respond(asked))
    for found, expected in zip(PackedEngine(model, labels, budget=budget, workers=2).respond(asked), slow, strict=True):
        assert_same(found, expected)


def test_forty_conditions(model):
    asked = sweeps((40, 33))
    slow = list(ReferenceEngine(model, LABELS).respond(asked))
    for found, expected in zip(PackedEngine(model, LABELS).respond(asked), slow, strict=True):
        assert_same(found, expected)


def test_gates_are_passed(model, caplog):
    with caplog.at_level(logging.INFO):
        checks.check(model, PackedEngine(model, LABELS), LABELS, sweeps((3, 4, 3)), dtype="float32")
    assert "gates passed" in caplog.text


def test_figures_of_a_job(model):
    watch, before = Stopwatch(), model.tokens_run
    with watch("answer"):
        asked = sweeps((3, 4))
        list(PackedEngine(model, LABELS).respond(asked))
    figures = job_report(model, "packed", watch, tokens=model.tokens_run - before, prompts=7, utterances=2)
    assert 0 < figures["share_of_matmul_ceiling"] < 1
    assert figures["peak_gpu_memory_gb"] > 0
    assert figures["tflop"] == pytest.approx(figures["tokens"] * model.flop_per_token / 1e12)


def test_memory_that_runs_out_halves_the_budget_and_loses_nothing(model, caplog):
    """Memory is really scarce: all but a little is taken by somebody else."""
    asked = sweeps((20,) * 24)
    expected = list(PackedEngine(model, LABELS, budget=1).respond(asked))
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 40e6) / total)
    try:
        with caplog.at_level(logging.WARNING):
            engine = PackedEngine(model, LABELS, budget=1_000_000)
            for found, theirs in zip(engine.respond(asked), expected, strict=True):
                assert_same(found, theirs)
            prompts = [
                Prompt(request.utterance, model.frontend.tokenise(prompt, audio.tokens), audio)
                for request in asked
                for audio in [model.frontend.prepare(request.load_audio())]
                for prompt in request.prompts
            ]
            with torch.inference_mode():
                answers = decode_greedily(model, prompts)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of GPU memory with 24 utterances in a pass" in caplog.text
    assert f"out of GPU memory with {len(prompts)} answers to decode at a time" in caplog.text
    said = [model.frontend.read(answer)[1] for answer in answers]
    # Random weights babble up to the limit, and somewhere on the way two tokens are as probable as rounding can tell.
    different = sum(mine != theirs.answer for mine, theirs in zip(said, [r for found in expected for r in found], strict=True))
    assert different <= len(said) // 100


@pytest.mark.parametrize("name", sorted(test_contrastive.WRITERS))
def test_sounds_embedded_together_are_as_alone_and_as_on_the_cpu(name, tmp_path):
    test_contrastive.WRITERS[name](tmp_path)
    responder = test_contrastive.load(name, tmp_path, device="cuda")
    assert responder.batch == 16
    longest = 4.0 if name == "paraclap" else 12.0  # the tiny one has 800 frames a second
    sounds = [test_contrastive.noise(seconds, 16_000, seed) for seed, seconds in enumerate((0.2, 2.0, longest) * 7)]
    together = scores_of(responder, name, *sounds)
    alone = np.concatenate([scores_of(responder, name, sound) for sound in sounds])
    near = scores_of(test_contrastive.load(name, tmp_path), name, *sounds)
    # Embeddings, of length 1, differ by the order of float32 sums, 1e-7 or so; scores are up to 100 times their products.
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_allclose(together, near, atol=1e-3)
    if name != "pengi":  # which may write the same of all of them
        assert np.ptp(together, axis=0).max() > 1e-2  # sounds are told apart


def scores_of(responder, name, *sounds) -> np.ndarray:
    return np.array([found[0].label_logprobs for found in test_contrastive.ask(responder, name, *sounds)])


def hold(pipe):
    with gpu_lock.device("cuda") as device:
        pipe.send((device, torch.ones(1, device=device).device.index))
        pipe.recv()


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_jobs_have_two_devices():
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe() for _ in range(2)]
    jobs = [spawn.Process(target=hold, args=(end,)) for _, end in pipes]
    for job in jobs:
        job.start()
    assert sorted(pipe.recv() for pipe, _ in pipes) == [("cuda:0", 0), ("cuda:1", 1)]
    for (pipe, _), job in zip(pipes, jobs, strict=True):
        pipe.send("done")
        job.join()
