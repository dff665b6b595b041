"""A job that was killed ends with the bytes of one that ran through, although what shares a pack decides how it rounds."""

import hashlib

import pandas as pd
import pytest
import torch

from cuealign.core.errors import InputError
from cuealign.inference import sweep
from cuealign.inference.packed import PackedEngine
from cuealign.inference.rows import RowDecoder
from cuealign.inference.store import ResponseStore
from cuealign.models.backends import qwen2_audio
from cuealign.models.base import Response
from tests.support import contrastive
from tests.support.inference import entry, requests
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sweeps import SETTINGS, Recorder, run


class Packing(Recorder):
    """Answers three utterances at a time, and the answer depends on all three. Is killed after ``lives`` answers."""

    def __init__(self, lives: int = 1000):
        super().__init__()
        self.lives = lives

    def respond(self, requests):
        for first in range(0, len(requests), 3):
            pack = requests[first : first + 3]
            together = hashlib.sha256(repr([(request.utterance, request.prompts) for request in pack]).encode()).hexdigest()
            for request in pack:
                self.answered += [(request.utterance, prompt) for prompt in request.prompts]
                if self.lives == 0:
                    raise KeyboardInterrupt
                self.lives -= 1
                self.between_packs = request is pack[-1]
                yield [Response(f"{together} {prompt}", (-1.0, -2.0, -3.0, -4.0), "similarity") for prompt in request.prompts]


def killed(manifest, seeds, folder, lives, **options):
    with pytest.raises(KeyboardInterrupt):
        run(manifest, seeds, folder, responder=Packing(lives), **options)


@pytest.mark.parametrize("lives", range(7))
def test_a_job_killed_at_any_moment_ends_as_one_that_ran_through(manifest, tmp_path, lives):
    expected, total, _ = run(manifest, [1, 2], tmp_path / "undisturbed", responder=Packing())
    killed(manifest, [1, 2], tmp_path / "store", lives)
    found, computed, _ = run(manifest, [1, 2], tmp_path / "store", responder=Packing())
    pd.testing.assert_frame_equal(found, expected)
    assert computed == total - 3 * (lives // 3 * 3)  # what was in flight is repeated, in whole packs


def test_a_job_killed_again_and_again_ends_as_one_that_ran_through(manifest, tmp_path):
    expected, _, _ = run(manifest, [1], tmp_path / "undisturbed", responder=Packing())
    for lives in (2, 0, 4, 2):
        killed(manifest, [1], tmp_path / "store", lives)
    pd.testing.assert_frame_equal(run(manifest, [1], tmp_path / "store", responder=Packing())[0], expected)


def test_a_further_seed_after_a_kill_is_computed_in_packs_of_its_own(manifest, tmp_path):
    run(manifest, [1], tmp_path / "undisturbed", responder=Packing())
    expected, new, _ = run(manifest, [1, 2], tmp_path / "undisturbed", responder=Packing())
    killed(manifest, [1], tmp_path / "store", 4)
    found, computed, _ = run(manifest, [1, 2], tmp_path / "store", responder=Packing())
    pd.testing.assert_frame_equal(found, expected)
    assert (new, computed) == (7, 7 + 2 * 4)


def test_a_seed_less_after_a_kill_is_not_computed(manifest, tmp_path):
    killed(manifest, [1, 2], tmp_path / "store", 4)
    found, computed, responder = run(manifest, [1], tmp_path / "store", responder=Packing())
    assert computed == 2 * 4
    blocks = set(random_tokens(list(manifest["utterance"]), 2)["cue_block"])
    assert not [prompt for _, prompt in responder.answered if prompt.splitlines()[-1] in blocks]
    assert len(found) == 14


def test_a_damaged_part_is_computed_again_in_the_same_packs(manifest, tmp_path):
    expected, _, _ = run(manifest, [1, 2], tmp_path / "store", responder=Packing())
    parts = sorted((tmp_path / "store").glob("*.parquet"), key=lambda part: min(pd.read_parquet(part)["utterance"]))
    assert len(parts) == 3
    for part in parts[1:]:  # the middle pack, and the first one
        part.write_bytes(part.read_bytes()[:-1] + b"?")
    found, computed, _ = run(manifest, [1, 2], tmp_path / "store", responder=Packing())
    assert computed == 3 * (3 + 3)
    pd.testing.assert_frame_equal(found, expected)


def test_a_damaged_plan_loses_no_response(manifest, tmp_path, caplog):
    killed(manifest, [1], tmp_path / "store", 4)
    (plan,) = (tmp_path / "store" / "plans" / "shard0").glob("*.parquet")
    plan.write_bytes(b"?")
    table, computed, _ = run(manifest, [1], tmp_path / "store", responder=Packing())
    assert (len(table), computed) == (14, 2 * 4)
    assert "checksum does not match" in caplog.text


def test_what_another_job_stores_meanwhile_changes_no_pack(manifest, tmp_path):
    """Two utterances of both jobs have the same samples."""
    expected, _, _ = run(manifest, [1], tmp_path / "undisturbed", responder=Packing())
    killed(manifest, [1], tmp_path / "store", 4)
    run(manifest.iloc[1:3], [1], tmp_path / "store", responder=Packing(), shard="shard1")
    pd.testing.assert_frame_equal(run(manifest, [1], tmp_path / "store", responder=Packing())[0], expected)


def test_another_number_of_jobs_finds_all_responses(manifest, tmp_path):
    killed(manifest, [1], tmp_path / "store", 4)
    for shard in range(3):
        run(sweep.shard_of(manifest, shard, 3), [1], tmp_path / "store", responder=Packing(), shard=f"shard{shard}")
    _, computed, _ = run(manifest, [1], tmp_path / "store", responder=Packing())
    assert computed == 0


def test_a_plan_is_on_the_disk_before_the_first_answer(manifest, tmp_path):
    killed(manifest, [1], tmp_path / "store", 0)
    (plan,) = ResponseStore(tmp_path / "store", "shard0").plans
    assert len(plan) == len(set(plan)) == 14


@pytest.mark.parametrize("in_rows", [False, True], ids=["batches", "rows"])
def test_packs_of_the_engine_are_the_same_after_a_kill(manifest, tmp_path, checkpoint, in_rows):
    """Passes of several utterances, whose sums round differently in other company; answers are decoded too."""
    torch.set_num_threads(1)
    model = qwen2_audio.load(entry(path=str(checkpoint), max_new_tokens=6), "tiny", LABELS, TEMPLATE)
    blocks = [random_tokens(list(manifest["utterance"]), seed) for seed in range(3)]
    prompts = sweep.keyed_prompts(manifest, blocks, TEMPLATE, LABELS, model.fingerprint, SETTINGS)

    class Mortal(PackedEngine):
        lives = 1000

        def respond(self, requests):
            for responses in super().respond(requests):
                if self.lives == 0:
                    raise InputError("killed")
                self.lives -= 1
                yield responses

    def answer(folder, lives=1000):
        engine = Mortal(model, LABELS, budget=800)
        engine.lives = lives
        if in_rows:
            engine.decoder = RowDecoder(model, rows=4)
        store = ResponseStore(folder, "shard0")
        sweep.answer_all(manifest, prompts, engine, store, LABELS, write_every=1, what="test")
        return store.compile(sweep.wanted(prompts))

    expected = answer(tmp_path / "undisturbed")
    assert (expected["path"] == "decoded").any()
    sizes = [len(pd.read_parquet(part)) for part in (tmp_path / "undisturbed").glob("*.parquet")]
    assert max(sizes) > 3  # prompts of more than one utterance share a pass
    for lives in (1, 3, 2):
        with pytest.raises(InputError, match="killed"):
            answer(tmp_path / "store", lives)
    pd.testing.assert_frame_equal(answer(tmp_path / "store"), expected, check_exact=True)


@pytest.mark.parametrize("name", sorted(contrastive.WRITERS))
def test_systems_without_a_language_model_say_where_a_batch_ends(name, tmp_path):
    contrastive.WRITERS[name](tmp_path)
    responder = contrastive.load(name, tmp_path)
    responder.batch = 2
    sounds = [contrastive.noise(0.3, 16_000, seed) for seed in range(5)]
    asked = [sweep.Request(str(number), sound, (contrastive.captions(name),)) for number, sound in enumerate(sounds)]
    assert [responder.between_packs for _ in responder.respond(asked)] == [False, True, False, True, True]


def test_the_packed_engine_says_where_a_pass_ends_also_if_it_was_halved(checkpoint, monkeypatch):
    torch.set_num_threads(1)
    model = qwen2_audio.load(entry(path=str(checkpoint), max_new_tokens=4), "tiny", LABELS, TEMPLATE)
    todo = requests((3, 5, 2, 4, 2))
    engine = PackedEngine(model, LABELS, budget=1)
    assert all(engine.between_packs for _ in engine.respond(todo))
    engine = PackedEngine(model, LABELS, budget=100_000)
    assert [engine.between_packs for _ in engine.respond(todo)] == [False] * 4 + [True]
    original = engine._pass

    def scarce(batch):
        if len(batch) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(batch)

    monkeypatch.setattr(engine, "_pass", scarce)
    assert [engine.between_packs for _ in engine.respond(todo)] == [False] * 4 + [True]
