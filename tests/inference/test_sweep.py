"""A sweep: each distinct prompt of each utterance is answered once, also by several jobs."""

from dataclasses import replace

import pandas as pd
import pytest

from cuealign.config.entries.model import Model
from cuealign.core.errors import InputError, ModelError
from cuealign.core.schema import RESPONSES
from cuealign.evaluation.predictions import read_responses
from cuealign.inference import sweep
from cuealign.inference.store import ResponseStore
from cuealign.models.base import Response
from tests.support.config import changed
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone, write
from tests.support.sweeps import ENTRY, SETTINGS, Recorder, conditions, run


def test_a_second_run_computes_nothing(manifest, tmp_path):
    first, computed, _ = run(manifest, [1, 2], tmp_path / "store")
    again, recomputed, responder = run(manifest, [1, 2], tmp_path / "store")
    assert (computed, recomputed, responder.answered) == (7 * 3, 0, [])
    pd.testing.assert_frame_equal(first, again)


def test_a_further_seed_computes_only_its_own_prompts(manifest, tmp_path):
    run(manifest, [1, 2], tmp_path / "store")
    _, computed, responder = run(manifest, [1, 2, 3], tmp_path / "store")
    new = random_tokens(list(manifest["utterance"]), 3)["cue_block"]
    assert computed == 7
    assert sorted(prompt.splitlines()[-1] for _, prompt in responder.answered) == sorted(new)


def test_identical_prompts_are_computed_once(manifest, tmp_path):
    _, computed, _ = run(manifest, [1, 1, 1], tmp_path / "store")
    assert computed == 7 * 2


def test_the_same_samples_under_two_ids_are_computed_once_and_get_a_row_each(manifest, tmp_path):
    first = manifest.iloc[0]
    doubled = manifest.assign(**{name: [first[name]] * len(manifest) for name in ("file", "end", "duration", "audio_sha256")})
    table, computed, _ = run(doubled, [], tmp_path / "store")
    assert computed == 1
    assert list(table["utterance"]) == list(manifest["utterance"])


def test_another_model_shares_no_response(manifest, tmp_path):
    run(manifest, [1], tmp_path / "store")
    _, computed, _ = run(manifest, [1], tmp_path / "store", responder=Recorder("other weights"))
    assert computed == 7 * 2


def test_the_number_of_shards_changes_nothing(manifest, tmp_path):
    whole, _, _ = run(manifest, [1, 2], tmp_path / "one")
    parts = [run(sweep.shard_of(manifest, shard, 3), [1, 2], tmp_path / "three", shard=f"shard{shard}")[0] for shard in range(3)]
    order = ["utterance", "prompt_id"]
    together = pd.concat(parts).sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(together, whole.sort_values(order, ignore_index=True))
    _, computed, _ = run(manifest, [1, 2], tmp_path / "three")
    assert computed == 0  # a later run with another number of shards finds these responses


def test_a_shard_without_utterances_asks_nothing_and_is_whole(manifest, tmp_path):
    shards = len(manifest) + 1
    last = sweep.shard_of(manifest, shards - 1, shards)
    store = ResponseStore(tmp_path / "store", "last")
    prompts = sweep.keyed_prompts(last, conditions([1]), TEMPLATE, LABELS, "f", SETTINGS)
    assert sweep.sample_requests(last, prompts, store) == []
    parts = [run(sweep.shard_of(manifest, shard, shards), [1], tmp_path / "many", shard=f"shard{shard}")[0] for shard in range(shards)]
    for shard, part in enumerate(parts):
        RESPONSES.write(part, tmp_path / f"{shard}.parquet")
    read = read_responses([tmp_path / f"{shard}.parquet" for shard in range(shards)])
    order = ["utterance", "prompt_id"]
    whole, _, _ = run(manifest, [1], tmp_path / "one")
    pd.testing.assert_frame_equal(
        read.sort_values(order, ignore_index=True), whole.sort_values(order, ignore_index=True), check_dtype=False
    )
    assert len(parts[-1]) == 0


def test_the_longest_utterances_go_first(manifest, tmp_path):
    _, _, responder = run(manifest, [], tmp_path / "store")
    assert [utterance for utterance, _ in responder.answered] == [f"u{index}" for index in range(6, -1, -1)]


def test_a_condition_without_an_utterance_is_an_error(manifest):
    short = pd.DataFrame({"utterance": ["u0"], "cue_block": [""]})
    with pytest.raises(InputError, match="'u1'"):
        sweep.keyed_prompts(manifest, [short], TEMPLATE, LABELS, "f", SETTINGS)


def test_audio_that_changed_since_the_manifest_is_refused(manifest, tmp_path):
    write(tmp_path / "audio" / "u3.wav", tone(0.11, seed=99))
    with pytest.raises(InputError, match=r"u3\.wav: the sound has changed since the corpus was"):
        run(manifest, [], tmp_path / "store")


def test_sanity_checks_sample_the_unanswered_utterances_from_the_shortest_to_the_longest(tmp_path):
    manifest = pd.DataFrame(
        {"utterance": list("abcde"), "duration": [5.0, 1.0, 3.0, 2.0, 4.0], "file": "x.wav", "start": 0.0, "end": 1.0, "channel": "mean"}
    )
    manifest["remove_offset"] = False
    manifest["audio_sha256"] = manifest["utterance"]
    prompts = {name: [sweep.KeyedPrompt(f"{name}1", "p"), sweep.KeyedPrompt(f"{name}2", "q")] for name in "abcde"}
    store = ResponseStore(tmp_path, "shard0")
    assert [one.utterance for one in sweep.sample_requests(manifest, prompts, store)] == ["b", "c", "a"]
    response = Response("sad", (-1.0,), "label")
    store.append([(f"{name}{number}", name, "p", response) for name in "abcd" for number in (1, 2)], "sad", "f")
    assert [one.utterance for one in sweep.sample_requests(manifest, prompts, store)] == ["e"]
    store.append([(f"e{number}", "e", "p", response) for number in (1, 2)], "sad", "f")
    assert sweep.sample_requests(manifest, prompts, store) == []


# ---------------------------------------------------------------- settings

# Keys of a model's entry, by their effect: the first ones change responses besides weights and prompt.
CHANGED = {"backend": "qwen3_omni", "engine": "packed", "max_new_tokens": 5, "options": {"seconds": 5.0}}
IN_FINGERPRINT = {"path", "hub_id", "revision", "dtype", "training"}
IN_PROMPT = {"prompt", "cue_captions"}
NAMES = {"training_data", "title", "licence", "kind", "heading"}
WAYS_TO_THE_SAME = {"trust_remote_code", "device", "threads", "batch_tokens", "compile", "workers", "write_every"}
PLANNING = {"shards", "memory", "runtime", "seconds_per_utterance", "seconds_to_load", "obtain"}


def test_every_key_of_a_model_is_known_to_change_its_responses_or_not_to():
    assert set(Model.model_fields) == set(CHANGED) | IN_FINGERPRINT | IN_PROMPT | NAMES | WAYS_TO_THE_SAME | PLANNING


@pytest.mark.parametrize("key", CHANGED)
def test_another_setting_of_a_model_computes_anew(manifest, tmp_path, key):
    def computed(settings):
        store = ResponseStore(tmp_path / "store", "shard0")
        prompts = sweep.keyed_prompts(manifest, conditions([0]), TEMPLATE, LABELS, "same weights", settings)
        return sweep.answer_all(manifest, prompts, Recorder(), store, LABELS, write_every=4, what="test")[1]

    assert computed(SETTINGS) == len(manifest)
    assert computed(SETTINGS) == 0
    assert computed(sweep.settings_key(changed(ENTRY, **{key: CHANGED[key]}), LABELS)) == len(manifest)


def test_the_order_of_options_does_not_change_the_settings():
    one, other = (changed(ENTRY, options=dict(pairs)) for pairs in ((("a", 1), ("b", 2)), (("b", 2), ("a", 1))))
    assert list(one.options) != list(other.options)
    assert sweep.settings_key(one, LABELS) == sweep.settings_key(other, LABELS)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_scores_that_are_not_finite_stop_the_job_whoever_gives_them(manifest, tmp_path, value):
    class Broken(Recorder):
        def respond(self, requests):
            for responses in super().respond(requests):
                yield [replace(response, label_logprobs=(*response.label_logprobs[:3], value)) for response in responses]

    with pytest.raises(ModelError, match=r"utterance u\d: the model's scores are NaN or infinite"):
        run(manifest, [1], tmp_path / "store", responder=Broken())
    assert not list((tmp_path / "store").glob("*.parquet"))


def test_answers_that_were_cut_are_counted_in_the_log(manifest, tmp_path, caplog):
    class Short(Recorder):
        def respond(self, requests):
            for responses in super().respond(requests):
                yield [replace(response, cut=True) for response in responses]

    table, _, _ = run(manifest, [1], tmp_path / "store", responder=Short())
    assert table["cut"].all()
    assert "14 of 14 answers were cut by max_new_tokens and have no end; they count as INVALID" in caplog.text
