"""The response store: nothing finished is lost or done twice, whatever happens to the job."""

import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch

from cuealign.config.entries.model import Model
from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.core.schema import RESPONSES
from cuealign.inference import sweep
from cuealign.inference.packed import PackedEngine
from cuealign.inference.store import ResponseStore, response_key
from cuealign.models.backends import qwen2_audio
from cuealign.models.base import Responder, Response
from tests.support import ROOT
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone, write

MODEL_ENTRY = {"backend": "qwen2_audio", "engine": "prefix", "max_new_tokens": 4, "options": {}}
SETTINGS = sweep.settings_key(MODEL_ENTRY, LABELS)


class Counting(Responder):
    """Answers by the length of audio and prompt, and counts what it was asked."""

    def __init__(self, fingerprint="counting"):
        self._fingerprint, self.asked = fingerprint, []

    @property
    def fingerprint(self):
        return self._fingerprint

    def respond(self, sweeps):
        for asked in sweeps:
            self.asked += [(asked.utterance, prompt) for prompt in asked.prompts]
            yield [
                Response(f"{len(asked.load_audio())} {len(prompt)}", (-0.5, -1.0, -2.0, -float(len(prompt))), "similarity")
                for prompt in asked.prompts
            ]


@pytest.fixture
def manifest(tmp_path):
    rows = []
    for index in range(7):
        path = write(tmp_path / "audio" / f"u{index}.wav", tone(0.05 + 0.02 * index, seed=index))
        seconds = 0.05 + 0.02 * index
        rows.append((f"u{index}", str(path), 0.0, seconds, seconds, audio.fingerprint(*audio.read_native(path))))
    return pd.DataFrame(rows, columns=["utterance", "file", "start", "end", "duration", "audio_sha256"])


def conditions(seeds):
    """Conditions of the whole split, whatever the shard."""
    utterances = [f"u{index}" for index in range(7)]
    none = pd.DataFrame({"utterance": utterances, "cue_block": ""})
    return [none, *(random_tokens(utterances, seed) for seed in seeds)]


def run(manifest, seeds, folder, *, shard="shard0", responder=None, pack=2):
    responder = responder or Counting()
    store = ResponseStore(folder, shard)
    asked = sweep.questions(manifest, conditions(seeds), TEMPLATE, LABELS, responder.fingerprint, SETTINGS)
    computed, _ = sweep.answer(manifest, asked, responder, store, LABELS, pack=pack, what="test")
    return store.compile(sweep.wanted(asked)), computed, responder


def test_second_run_computes_nothing(manifest, tmp_path):
    first, computed, _ = run(manifest, [1, 2], tmp_path / "store")
    again, recomputed, responder = run(manifest, [1, 2], tmp_path / "store")
    assert (computed, recomputed, responder.asked) == (7 * 3, 0, [])
    pd.testing.assert_frame_equal(first, again)


def test_a_further_seed_computes_only_its_own_prompts(manifest, tmp_path):
    run(manifest, [1, 2], tmp_path / "store")
    _, computed, responder = run(manifest, [1, 2, 3], tmp_path / "store")
    new = random_tokens(list(manifest["utterance"]), 3)["cue_block"]
    assert computed == 7
    assert sorted(prompt.splitlines()[-1] for _, prompt in responder.asked) == sorted(new)


def test_identical_prompts_are_asked_once(manifest, tmp_path):
    _, computed, _ = run(manifest, [1, 1, 1], tmp_path / "store")
    assert computed == 7 * 2


def test_same_samples_under_two_ids_are_computed_once_and_answered_twice(manifest, tmp_path):
    first = manifest.iloc[0]
    doubled = manifest.assign(**{name: [first[name]] * len(manifest) for name in ("file", "end", "duration", "audio_sha256")})
    table, computed, _ = run(doubled, [], tmp_path / "store")
    assert computed == 1
    assert list(table["utterance"]) == list(manifest["utterance"])


def test_another_model_shares_nothing(manifest, tmp_path):
    run(manifest, [1], tmp_path / "store")
    _, computed, _ = run(manifest, [1], tmp_path / "store", responder=Counting("other weights"))
    assert computed == 7 * 2


def test_number_of_shards_changes_nothing(manifest, tmp_path):
    whole, _, _ = run(manifest, [1, 2], tmp_path / "one")
    parts = [run(sweep.shard_of(manifest, shard, 3), [1, 2], tmp_path / "three", shard=f"shard{shard}")[0] for shard in range(3)]
    order = ["utterance", "prompt_id"]
    together = pd.concat(parts).sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(together, whole.sort_values(order, ignore_index=True))
    _, computed, _ = run(manifest, [1, 2], tmp_path / "three")
    assert computed == 0  # what shards answered is found whatever the number of shards is later


def test_longest_utterances_go_first(manifest, tmp_path):
    _, _, responder = run(manifest, [], tmp_path / "store")
    assert [utterance for utterance, _ in responder.asked] == [f"u{index}" for index in range(6, -1, -1)]


def test_damaged_part_is_set_aside_and_computed_again(manifest, tmp_path, caplog):
    first, _, _ = run(manifest, [1], tmp_path / "store")
    part = sorted((tmp_path / "store").glob("*.parquet"))[0]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    again, computed, _ = run(manifest, [1], tmp_path / "store")
    assert 0 < computed <= 2 * 2
    assert part.name in caplog.text
    assert "checksum" in caplog.text
    pd.testing.assert_frame_equal(first, again)


def test_parts_of_another_version_are_computed_again_and_named_once(manifest, tmp_path, caplog):
    first, total, _ = run(manifest, [1], tmp_path / "store")
    for part in sorted((tmp_path / "store").glob("*.parquet"))[:2]:
        pd.read_parquet(part).drop(columns="reasoning").to_parquet(part)
        part.rename(part.with_name(f"shard0-{hashlib.sha256(part.read_bytes()).hexdigest()[:32]}.parquet"))
    again, computed, _ = run(manifest, [1], tmp_path / "store")
    assert 0 < computed < total
    assert caplog.text.count("have the columns of another version") == 1
    pd.testing.assert_frame_equal(first, again)


def test_leftovers_of_a_killed_write_are_removed(manifest, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "shard0-abc.tmp").write_bytes(b"half a pack")
    run(manifest, [], tmp_path / "store")
    assert not list((tmp_path / "store").glob("*.tmp"))


def test_a_missing_response_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no response to prompt p of utterance u"):
        ResponseStore(tmp_path, "shard0").compile([("key", "u", "p")])


def test_a_condition_without_an_utterance_is_an_error(manifest):
    short = pd.DataFrame({"utterance": ["u0"], "cue_block": [""]})
    with pytest.raises(InputError, match="'u1'"):
        sweep.questions(manifest, [short], TEMPLATE, LABELS, "f", SETTINGS)


def test_sound_that_changed_since_the_manifest_is_refused(manifest, tmp_path):
    write(tmp_path / "audio" / "u3.wav", tone(0.11, seed=99))
    with pytest.raises(InputError, match=r"u3\.wav: the sound has changed since the corpus was heard"):
        run(manifest, [], tmp_path / "store")


# Of a model's entry in the config: what a response depends on beside the weights and the prompt, and everything else.
CHANGED = {"backend": "qwen3_omni", "engine": "packed", "max_new_tokens": 5, "options": {"seconds": 5.0}}
IN_FINGERPRINT = {"path", "hub_id", "revision", "dtype", "training"}
IN_PROMPT = {"prompt", "cue_captions"}
NAMES = {"title", "licence", "group"}
WAYS_TO_THE_SAME = {"trust_remote_code", "device", "threads", "pack_tokens", "compile", "workers", "pack"}
PLANNING = {"shards", "memory", "runtime", "seconds_per_utterance"}


def test_every_key_of_a_model_is_known_to_change_its_responses_or_not_to():
    assert set(Model.model_fields) == set(CHANGED) | IN_FINGERPRINT | IN_PROMPT | NAMES | WAYS_TO_THE_SAME | PLANNING


@pytest.mark.parametrize("key", CHANGED)
def test_another_setting_of_a_model_asks_anew(manifest, tmp_path, key):
    def ask(settings):
        store = ResponseStore(tmp_path / "store", "shard0")
        asked = sweep.questions(manifest, conditions([0]), TEMPLATE, LABELS, "same weights", settings)
        return sweep.answer(manifest, asked, Counting(), store, LABELS, pack=4, what="test")[1]

    assert ask(SETTINGS) == len(manifest)
    assert ask(SETTINGS) == 0
    assert ask(sweep.settings_key(MODEL_ENTRY | {key: CHANGED[key]}, LABELS)) == len(manifest)


def test_the_order_in_which_options_are_written_is_no_matter():
    one, other = ({"options": dict(pairs)} for pairs in ((("a", 1), ("b", 2)), (("b", 2), ("a", 1))))
    assert sweep.settings_key(MODEL_ENTRY | one, LABELS) == sweep.settings_key(MODEL_ENTRY | other, LABELS)


def test_keys_depend_on_every_part():
    parts = ("audio", "prompt", "fingerprint", "settings")
    keys = {response_key(*parts)} | {response_key(*(part + "x" * (i == j) for j, part in enumerate(parts))) for i in range(4)}
    assert len(keys) == 5
    # Where one part ends and the next begins matters.
    assert response_key("ab", "c", "", "") != response_key("a", "bc", "", "")


KILLED = """
import sys, time
from pathlib import Path
import pandas as pd
from tests import test_store

class Slow(test_store.Counting):
    def respond(self, sweeps):
        for number, answers in enumerate(super().respond(sweeps)):
            time.sleep(0.15)
            yield answers

manifest = pd.read_json(sys.argv[1])
test_store.run(manifest, [1, 2], Path(sys.argv[2]), responder=Slow())
"""


def test_kill_9_in_the_middle_loses_at_most_the_pack_in_flight(manifest, tmp_path):
    expected, total, _ = run(manifest, [1, 2], tmp_path / "undisturbed")
    manifest.to_json(tmp_path / "manifest.json")
    store = tmp_path / "store"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    job = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "manifest.json"), str(store)], env=environment)
    deadline = time.monotonic() + 60
    while len(list(store.glob("*.parquet"))) < 2:  # two packs of two utterances are safe
        assert time.monotonic() < deadline
        assert job.poll() is None
        time.sleep(0.01)
    job.send_signal(signal.SIGKILL)
    job.wait()
    safe = 3 * 2 * len(list(store.glob("*.parquet")))
    assert 0 < safe < total
    resumed, computed, _ = run(manifest, [1, 2], store)
    assert computed == total - safe
    pd.testing.assert_frame_equal(resumed, expected)


class Breathing(PackedEngine):
    """The packed engine, resting between two utterances, so that a small model can be killed in its midst."""

    def respond(self, sweeps):
        for answers in super().respond(sweeps):
            time.sleep(0.05)
            yield answers


def test_ten_kills_of_the_packed_engine_change_nothing(manifest, tmp_path, checkpoint):
    """Killed with -9 at random moments: the same bytes in the end, and no pack that was finished is computed again."""
    from tests.support.inference import ENTRY

    torch.set_num_threads(1)
    more = pd.concat([manifest.assign(utterance=manifest["utterance"] + suffix) for suffix in ("", "b", "c")], ignore_index=True)
    for index, row in enumerate(more.itertuples()):
        more.loc[index, "file"] = str(write(tmp_path / "more" / f"{index}.wav", tone(row.duration, seed=100 + index)))
        more.loc[index, "audio_sha256"] = audio.fingerprint(*audio.read_native(more.loc[index, "file"]))
    blocks = [random_tokens(list(more["utterance"]), seed) for seed in range(3)]
    model = qwen2_audio.load(ENTRY | {"path": str(checkpoint), "max_new_tokens": 4}, "tiny", LABELS, TEMPLATE)
    asked = sweep.questions(more, blocks, TEMPLATE, LABELS, model.fingerprint, SETTINGS)

    def answer(folder, engine):
        store = ResponseStore(folder, "shard0")
        sweep.answer(more, asked, engine, store, LABELS, pack=2, what="test")
        RESPONSES.write(store.compile(sweep.wanted(asked)), folder.with_suffix(".parquet"))

    answer(tmp_path / "undisturbed", PackedEngine(model, LABELS, budget=1))
    moments, store, safe = random.Random(7), tmp_path / "store", set()
    fork = multiprocessing.get_context("fork")
    kills = 0
    while kills < 10 or not safe:  # on a machine that is busy with other things, ten may come before the first pack
        kills += 1
        job = fork.Process(target=answer, args=(store, Breathing(model, LABELS, budget=1)))
        job.start()
        job.join(moments.uniform(0.05, 0.5))
        job.kill()
        job.join()
        parts = {part.name for part in store.glob("*.parquet")}
        assert safe <= parts
        safe = parts
    assert len(safe) <= 11, safe
    answer(store, PackedEngine(model, LABELS, budget=1))
    assert (tmp_path / "store.parquet").read_bytes() == (tmp_path / "undisturbed.parquet").read_bytes()
    kept = [key for part in store.glob("*.parquet") for key in pd.read_parquet(part)["key"]]
    assert len(kept) == len(set(kept)) == sum(map(len, asked.values()))
