"""Tests that need a GPU: FlexAttention's kernels, compiled layers, and memory that really runs out.

The checkpoints are tiny and in float32, so that rounding hides no fault.
"""

import logging
import time

import numpy as np
import pandas as pd
import pytest
import torch

from cuealign.inference import sweep
from cuealign.inference.decoding import Prompt, decode_greedily
from cuealign.inference.language_model import LanguageModel
from cuealign.inference.language_model_checks import check_language_model
from cuealign.inference.packed import PackedEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.inference.rows import RowDecoder
from cuealign.inference.steps import Steps
from cuealign.inference.store import ResponseStore
from cuealign.models.backends import BACKENDS, qwen2_audio
from cuealign.models.paged_kernel import PAGE, attend_rows
from tests.support import contrastive, families
from tests.support.decoding import decode, one_at_a_time, packs
from tests.support.inference import LONG, assert_same, entry, requests
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sweeps import SETTINGS

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
        check_language_model(model, PackedEngine(model, LABELS), LABELS, requests((3, 4, 3)), dtype="float32")
    assert "sanity checks passed" in caplog.text


def test_a_job_reports_its_share_of_the_matmul_ceiling_and_its_peak_memory(model):
    asked, before, start = LanguageModel(model, entry(), LABELS), model.tokens_run, time.monotonic()
    list(asked.engine.respond(requests((3, 4))))
    figures = asked.figures(time.monotonic() - start, model.tokens_run - before)
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


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize("count", [3, 40])
def test_answers_in_rows_are_those_of_one_prompt_at_a_time(model, count):
    todo = packs(model)
    decoder = RowDecoder(model, rows=count)
    assert decode(decoder, todo) == one_at_a_time(model, todo)
    assert len(decoder._free) == decoder._pages.count - 1


def test_memory_that_really_runs_out_halves_the_rows_and_loses_nothing(model, caplog):
    todo = packs(model)
    expected = decode(RowDecoder(model, rows=4), todo)
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 300e6) / total)
    try:
        # A pool of eight times the memory that is left.
        pages = int(8 * 300e6 / model.cache_bytes_per_token / PAGE)
        with caplog.at_level(logging.WARNING):
            assert decode(RowDecoder(model, rows=512, pages=pages), todo) == expected
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of GPU memory while decoding; 256 answers at a time from here on" in caplog.text


def test_steps_that_are_made_anew_take_no_more_memory(model):
    """After a lack of memory, say. Matrix products keep a workspace of 32 MiB for each stream that they have run on."""
    pages = model.new_pages(64)
    reserved = []
    for rows in (16, 8, 4, 2):
        with torch.inference_mode():
            steps = Steps(model, pages, rows=rows, width=8)
            steps.run(np.zeros(rows, np.int64), np.ones(rows, np.int64), np.ones((rows, 8), np.int32))
        del steps
        torch.cuda.empty_cache()
        reserved.append(torch.cuda.memory_reserved())
    assert max(reserved[1:]) <= reserved[0]


@pytest.fixture(scope="module")
def rounding(checkpoint):
    """A model in bfloat16, whose sums depend on what shares a pass."""
    model = qwen2_audio.load(entry(path=str(checkpoint), device="cuda", dtype="bfloat16"), "tiny", LABELS, TEMPLATE)
    model.compile()
    return model


def test_what_a_row_gets_does_not_depend_on_the_other_rows(rounding):
    todo = packs(rounding)
    together = decode(RowDecoder(rounding, rows=16), todo)
    assert decode(RowDecoder(rounding, rows=16), todo[1:]) == together[1:]
    assert [decode(RowDecoder(rounding, rows=16), [pack])[0] for pack in todo] == together


def test_a_job_killed_on_a_gpu_ends_as_one_that_ran_through(rounding, manifest, tmp_path):
    blocks = [random_tokens(list(manifest["utterance"]), seed) for seed in range(4)]
    prompts = sweep.keyed_prompts(manifest, blocks, TEMPLATE, LABELS, rounding.fingerprint, SETTINGS)

    class Mortal(PackedEngine):
        lives = 1000

        def respond(self, requests):
            for responses in super().respond(requests):
                if self.lives == 0:
                    raise KeyboardInterrupt
                self.lives -= 1
                yield responses

    def answer(folder, lives=1000):
        engine = Mortal(rounding, LABELS, budget=1200)
        engine.lives = lives
        store = ResponseStore(folder, "shard0")
        sweep.answer_all(manifest, prompts, engine, store, LABELS, write_every=1, what="test")
        return store.compile(sweep.wanted(prompts))

    expected = answer(tmp_path / "undisturbed")
    assert (expected["path"] == "decoded").any()
    for lives in (3, 2):
        with pytest.raises(KeyboardInterrupt):
            answer(tmp_path / "store", lives)
    pd.testing.assert_frame_equal(answer(tmp_path / "store"), expected, check_exact=True)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
@pytest.mark.parametrize(("heads", "key_heads", "width"), [(4, 2, 16), (14, 2, 128), (3, 3, 64), (28, 4, 128), (32, 32, 128), (5, 1, 24)])
def test_the_kernel_is_attention_in_float64(dtype, tolerance, heads, key_heads, width):
    torch.manual_seed(heads)
    count, most = 9, 60
    keys, values = (torch.randn((count * most + 1) * PAGE, key_heads, width, device="cuda", dtype=dtype) for _ in range(2))
    lengths = torch.tensor([1, PAGE, PAGE + 1, 63, 64, 65, 200, most * PAGE - 1, most * PAGE], device="cuda")
    tables = (torch.randperm(count * most, device="cuda").view(count, most) + 1).int()
    query = torch.randn(count, heads, width, device="cuda", dtype=dtype)
    found = attend_rows(query, keys, values, tables, lengths, 0.2)
    exact = attend_rows(*(tensor.double().cpu() for tensor in (query, keys, values)), tables.cpu(), lengths.cpu(), 0.2)
    assert (found.double().cpu() - exact).norm() < tolerance * exact.norm()
    order = torch.randperm(count, device="cuda")
    assert torch.equal(attend_rows(query[order], keys, values, tables[order], lengths[order], 0.2), found[order])
