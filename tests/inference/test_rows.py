"""Decoding in rows: which answers share steps, pages and passes changes none of them."""

import logging

import pytest
import torch

from cuealign.core.errors import ModelError
from cuealign.inference import rows
from cuealign.inference.answer_formats import expected_answers
from cuealign.inference.decoding import BatchDecoder, Prompt, at_most
from cuealign.inference.packed import PackedEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.inference.rows import RowDecoder, rows_of
from cuealign.models.backends import BACKENDS
from cuealign.models.paged_kernel import PAGE
from tests.support import families
from tests.support.decoding import Pack, decode, one_at_a_time, packs
from tests.support.inference import assert_same, entry, requests
from tests.support.inference import prompts as texts
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone

FAMILIES = ("qwen2_audio", *families.FAMILIES)


def assert_all_pages_are_free(decoder):
    assert len(decoder._free) == decoder._pages.count - 1
    assert not decoder._free._holders.any()


@pytest.fixture(scope="module")
def todo(qwen):
    return packs(qwen)


@pytest.fixture(scope="module")
def alone(qwen, todo):
    answers = one_at_a_time(qwen, todo)
    assert len({len(answer) for pack in answers for answer in pack}) > 4  # rows become free at different steps
    return answers


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_in_rows_are_those_of_one_prompt_at_a_time(family, tmp_path, checkpoint):
    torch.set_num_threads(1)
    folder = checkpoint
    if family in families.FAMILIES:
        families.FAMILIES[family](folder := tmp_path)
    model = BACKENDS.get(family)(entry(path=str(folder)), "tiny", LABELS, TEMPLATE)
    todo = packs(model)
    decoder = RowDecoder(model, rows=4)
    assert decode(decoder, todo) == one_at_a_time(model, todo)
    assert_all_pages_are_free(decoder)


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_the_number_of_rows_changes_no_answer(qwen, todo, alone, count):
    decoder = RowDecoder(qwen, rows=count)
    assert decode(decoder, todo) == alone
    assert_all_pages_are_free(decoder)


@pytest.mark.parametrize("limit", [1, 2, 8, 9])
def test_answers_stop_at_the_limit_of_tokens(qwen, todo, alone, limit):
    with at_most(qwen, limit):
        assert decode(RowDecoder(qwen, rows=3), todo) == [[answer[:limit] for answer in pack] for pack in alone]


def test_an_answer_that_ends_gives_its_row_to_the_next_prompt_at_once(qwen, todo, alone, monkeypatch):
    """So many steps are taken as the rows' answers need if none waits for another, give or take the last ones."""
    steps, original = [], rows.Steps.run
    monkeypatch.setattr(rows.Steps, "run", lambda self, *state: steps.append((state[1] > 0).sum()) or original(self, *state))
    decode(RowDecoder(qwen, rows=4), todo)
    needed = sum(len(answer) - 1 for pack in alone for answer in pack if len(answer) > 1)
    assert sum(steps) * rows.STEPS >= needed
    assert all(count == 4 for count in steps[: len(steps) // 2])
    longest = max(len(answer) for pack in alone for answer in pack)
    assert len(steps) * rows.STEPS <= needed / 4 + longest + rows.STEPS * 6


def test_each_token_that_prompts_share_is_read_once(qwen, monkeypatch):
    audio = qwen.frontend.prepare(tone(1.9))
    pack = Pack([Prompt("u", qwen.frontend.tokenise(text, audio.tokens), audio) for text in texts(9)])
    passes, original = [], qwen.forward
    monkeypatch.setattr(
        qwen, "forward", lambda embeddings, **options: passes.append(embeddings.shape[:2]) or original(embeddings, **options)
    )
    decode(RowDecoder(qwen, rows=2), [pack])
    nodes = {tuple(prompt.ids[:end]) for prompt in pack.left for end in range(1, len(prompt.ids) + 1)}
    assert [length for count, length in passes if count == 1] == [len(nodes)]
    assert {tuple(shape) for shape in passes[1:]} == {(2, 1)}


def test_a_pool_that_is_too_small_for_all_rows_changes_no_answer(qwen, todo, alone):
    """Rows make room for older ones and are answered again; a group of prompts is halved, and a single one gets a larger pool."""
    longest = max(-(-(len(prompt.ids) + qwen.max_new_tokens) // PAGE) for pack in todo for prompt in pack.left)
    for pages in (2, longest + 1, 2 * longest, 3 * longest):
        decoder = RowDecoder(qwen, rows=8, pages=pages)
        assert decode(decoder, todo) == alone
        assert_all_pages_are_free(decoder)
        assert decoder._pages.count <= max(pages, 2 * longest + 8)


def test_rows_that_make_room_are_answered_again(qwen, todo, monkeypatch):
    """With nothing held back for the rows, pages run out in the middle of long answers."""
    monkeypatch.setattr(rows, "_SPARE", 0)
    monkeypatch.setattr(qwen, "max_new_tokens", 90)
    made_room, original = [], RowDecoder._make_pages

    def counted(decoder):
        before = len(decoder._answers)
        original(decoder)
        made_room.append(before - len(decoder._answers))

    monkeypatch.setattr(RowDecoder, "_make_pages", counted)
    longest = max(-(-(len(prompt.ids) + 90) // PAGE) for pack in todo for prompt in pack.left)
    decoder = RowDecoder(qwen, rows=8, pages=2 * longest)
    assert decode(decoder, todo) == one_at_a_time(qwen, todo)
    assert sum(made_room) > 0
    assert_all_pages_are_free(decoder)


def test_memory_that_runs_out_halves_the_rows_and_loses_nothing(qwen, todo, alone, monkeypatch, caplog):
    """In the middle of the answers, and while prompts are read."""
    take, read = RowDecoder._take_steps, RowDecoder._read
    taken, reads = [], []

    def scarce_steps(decoder):
        taken.append(decoder.rows)
        if len(taken) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        take(decoder)

    def scarce_reading(decoder, group):
        reads.append(len(group.answers))
        if len(reads) == 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        read(decoder, group)

    monkeypatch.setattr(RowDecoder, "_take_steps", scarce_steps)
    monkeypatch.setattr(RowDecoder, "_read", scarce_reading)
    decoder = RowDecoder(qwen, rows=8)
    with caplog.at_level(logging.WARNING):
        assert decode(decoder, todo) == alone
    assert_all_pages_are_free(decoder)
    assert [record.message for record in caplog.records] == [
        f"out of GPU memory while decoding; {count} answers at a time from here on" for count in (4, 2)
    ]


def test_an_utterance_whose_answer_does_not_fit_into_memory_is_named(qwen, todo, monkeypatch):
    def none(_decoder):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(RowDecoder, "_take_steps", none)
    with pytest.raises(ModelError, match=r"utterance u0: too little GPU memory to decode one answer"):
        decode(RowDecoder(qwen, rows=4), todo)


def test_after_an_error_and_after_a_stop_in_the_middle_a_decoder_begins_anew(qwen, todo, alone):
    decoder = RowDecoder(qwen, rows=3)
    next(decoder.run(iter(todo)))

    def broken():
        yield todo[0]
        yield todo[1]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(decoder.run(broken()))
    assert decode(decoder, todo) == alone
    assert_all_pages_are_free(decoder)


def test_jobs_are_not_all_taken_before_the_first_one_is_answered(qwen, monkeypatch):
    """A killed job repeats what was in flight: no more than the rows need, or a few utterances if most rows are free."""
    monkeypatch.setattr(rows, "_HELD", 3)
    audio = qwen.frontend.prepare(tone(0.3))
    free = Prompt("u", qwen.frontend.tokenise(texts(1)[0], audio.tokens), audio)
    taken, behind = [], []

    def jobs():
        for number in range(40):
            taken.append(number)
            yield Pack([free] if number % 3 == 0 else [])

    for number, _ in enumerate(RowDecoder(qwen, rows=16).run(jobs())):
        behind.append(taken[-1] - number)
    assert max(behind) <= 3


def test_the_packed_engine_gives_the_same_with_rows_as_with_batches(qwen):
    todo = requests((3, 5, 2, 4, 12, 6))
    engines = PackedEngine(qwen, LABELS, budget=1500), PackedEngine(qwen, LABELS, budget=1500)
    assert isinstance(engines[0].decoder, BatchDecoder)  # off a GPU
    engines[0].decoder = RowDecoder(qwen, rows=5)
    answers = [list(engine.respond(todo)) for engine in engines]
    assert {response.path for responses in answers[0] for response in responses} >= {"decoded"}
    for found, theirs in zip(*answers, strict=True):
        assert_same(found, theirs)
    for found, theirs in zip(answers[0], ReferenceEngine(qwen, LABELS).respond(todo), strict=True):
        assert_same(found, theirs)
    assert expected_answers([r for found in answers[0] for r in found], LABELS, qwen.frontend) is not None


def test_rows_give_memory_back_to_a_pass_that_does_not_fit(qwen, monkeypatch):
    """In the middle of answers, a single utterance does not fit beside the pages."""
    todo = requests((12, 12, 12, 12))
    expected = list(PackedEngine(qwen, LABELS, budget=1).respond(todo))
    engine = PackedEngine(qwen, LABELS, budget=1)
    engine.decoder = RowDecoder(qwen, rows=8)
    original, unfinished = engine._pass, []

    def scarce(batch):
        if batch[0].utterance == "u2" and engine.decoder._pages is not None:
            unfinished.append(len(engine.decoder._answers))
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(batch)

    monkeypatch.setattr(engine, "_pass", scarce)
    # The next pass is started while a few answers are not finished.
    monkeypatch.setattr(RowDecoder, "_wants_more", lambda self, _held: not self._ready and not self._unread and len(self._answers) < 6)
    for found, theirs in zip(engine.respond(todo), expected, strict=True):
        assert_same(found, theirs)
    assert engine.decoder.rows == 4
    assert len(unfinished) == 1
    assert unfinished[0] > 0
    assert_all_pages_are_free(engine.decoder)


@pytest.mark.parametrize(("per_token", "count"), [(57_344, 512), (524_288, 64), (98_304, 256), (1e9, 8), (100, 512)])
def test_rows_follow_the_memory_of_keys_and_values(qwen, monkeypatch, per_token, count):
    monkeypatch.setattr(type(qwen), "cache_bytes_per_token", per_token)
    assert rows_of(qwen) == count


def test_a_pool_is_no_larger_than_its_rows_need(qwen):
    decoder = RowDecoder(qwen, rows=2)
    assert decoder._pages_wanted() == 2 * -(-(256 + qwen.max_new_tokens) // PAGE)
