"""Tests that need a GPU: FlexAttention's kernels, compiled layers, and memory that really runs out.

The checkpoints are tiny and in float32, so that rounding hides no fault.
"""

import logging

import numpy as np
import pytest
import torch

from cuealign.inference import checks
from cuealign.inference.decoding import Prompt, decode_greedily
from cuealign.inference.job_report import Stopwatch, job_report
from cuealign.inference.packed import PackedEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.backends import BACKENDS
from tests.support import contrastive, families
from tests.support.inference import LONG, assert_same, entry, requests
from tests.support.prompts import LABELS, TEMPLATE

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


@pytest.fixture(scope="module", params=("qwen2_audio", *families.FAMILIES))
def model(request, tmp_path_factory, checkpoint):
    folder = checkpoint
    if request.param in families.FAMILIES:
        folder = tmp_path_factory.mktemp(request.param)
        families.FAMILIES[request.param](folder)
    loaded = BACKENDS.get(request.param)(entry(path=str(folder), device="cuda"), "tiny", LABELS, TEMPLATE)
    loaded.compile()
    return loaded


@pytest.mark.parametrize("labels", [LABELS, LONG], ids=["words", "phrases"])
@pytest.mark.parametrize("budget", [1, 1500, 100_000])
def test_packed_is_one_prompt_at_a_time(model, labels, budget):
    todo = requests((1, 7, 4, 2, 5, 3))
    slow = list(ReferenceEngine(model, labels).respond(todo))
    for found, expected in zip(PackedEngine(model, labels, budget=budget, workers=2).respond(todo), slow, strict=True):
        assert_same(found, expected)


def test_forty_conditions_of_an_utterance_are_one_prompt_at_a_time(model):
    todo = requests((40, 33))
    slow = list(ReferenceEngine(model, LABELS).respond(todo))
    for found, expected in zip(PackedEngine(model, LABELS).respond(todo), slow, strict=True):
        assert_same(found, expected)


def test_sanity_checks_pass(model, caplog):
    with caplog.at_level(logging.INFO):
        checks.check_language_model(model, PackedEngine(model, LABELS), LABELS, requests((3, 4, 3)), dtype="float32")
    assert "sanity checks passed" in caplog.text


def test_a_job_reports_its_share_of_the_matmul_ceiling_and_its_peak_memory(model):
    watch, before = Stopwatch(), model.tokens_run
    with watch("answer"):
        todo = requests((3, 4))
        list(PackedEngine(model, LABELS).respond(todo))
    figures = job_report(model, "packed", watch, tokens=model.tokens_run - before, prompts=7, utterances=2)
    assert 0 < figures["share_of_matmul_ceiling"] < 1
    assert figures["peak_gpu_memory_gb"] > 0
    assert figures["tflop"] == pytest.approx(figures["tokens"] * model.flop_per_token / 1e12)


def test_memory_that_runs_out_halves_the_budget_and_loses_nothing(model, caplog):
    """The process may use little more memory than it has now."""
    todo = requests((20,) * 24)
    expected = list(PackedEngine(model, LABELS, budget=1).respond(todo))
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 40e6) / total)
    try:
        with caplog.at_level(logging.WARNING):
            engine = PackedEngine(model, LABELS, budget=1_000_000)
            for found, theirs in zip(engine.respond(todo), expected, strict=True):
                assert_same(found, theirs)
            prompts = [
                Prompt(request.utterance, model.frontend.tokenise(prompt, audio.tokens), audio)
                for request in todo
                for audio in [model.frontend.prepare(request.load_audio())]
                for prompt in request.prompts
            ]
            with torch.inference_mode():
                answers = decode_greedily(model, prompts)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of GPU memory with 24 utterances in a pass" in caplog.text
    assert f"out of GPU memory with {len(prompts)} answers to decode at a time" in caplog.text
    texts = [model.frontend.read(answer)[1] for answer in answers]
    # Random weights generate up to the limit; at some token, two candidates may be equally probable but for rounding.
    different = sum(mine != theirs.answer for mine, theirs in zip(texts, [r for found in expected for r in found], strict=True))
    assert different <= len(texts) // 100


@pytest.mark.parametrize("name", sorted(contrastive.WRITERS))
def test_sounds_embedded_together_are_as_alone_and_as_on_the_cpu(name, tmp_path):
    contrastive.WRITERS[name](tmp_path)
    responder = contrastive.load(name, tmp_path, device="cuda")
    assert responder.batch == 16
    longest = 4.0 if name == "paraclap" else 12.0  # the tiny one has 800 frames a second
    sounds = [contrastive.noise(seconds, 16_000, seed) for seed, seconds in enumerate((0.2, 2.0, longest) * 7)]
    together = scores_of(responder, name, *sounds)
    alone = np.concatenate([scores_of(responder, name, sound) for sound in sounds])
    on_cpu = scores_of(contrastive.load(name, tmp_path), name, *sounds)
    # Embeddings, of length 1, differ by the order of float32 sums, 1e-7 or so; scores are up to 100 times their products.
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_allclose(together, on_cpu, atol=1e-3)
    if name != "pengi":  # it may generate the same text for all of them
        assert np.ptp(together, axis=0).max() > 1e-2  # scores depend on the sound


def scores_of(responder, name, *sounds) -> np.ndarray:
    return np.array([found[0].label_logprobs for found in contrastive.ask(responder, name, *sounds)])
