"""The response store: nothing finished is lost or computed twice, even if a job is killed."""

import contextlib
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

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.core.schema import RESPONSES
from cuealign.inference import sweep
from cuealign.inference.packed import PackedEngine
from cuealign.inference.store import ResponseStore, response_key
from cuealign.models.backends import qwen2_audio
from tests.support import ROOT
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone, write
from tests.support.sweeps import SETTINGS, run


def test_a_damaged_part_is_set_aside_and_computed_again(manifest, tmp_path, caplog):
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


def test_parts_of_another_version_are_computed_again_and_reported_once(manifest, tmp_path, caplog):
    first, total, _ = run(manifest, [1], tmp_path / "store")
    for part in sorted((tmp_path / "store").glob("*.parquet"))[:2]:
        pd.read_parquet(part).drop(columns="reasoning").to_parquet(part)
        part.rename(part.with_name(f"shard0-{hashlib.sha256(part.read_bytes()).hexdigest()[:32]}.parquet"))
    again, computed, _ = run(manifest, [1], tmp_path / "store")
    assert 0 < computed < total
    assert caplog.text.count("2 parts have the columns of another version") == 1
    pd.testing.assert_frame_equal(first, again)


def test_temporary_files_of_a_killed_job_are_removed(manifest, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "shard0-abc.tmp").write_bytes(b"half a part")
    run(manifest, [], tmp_path / "store")
    assert not list((tmp_path / "store").glob("*.tmp"))


def test_a_missing_response_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no response to prompt p of utterance u"):
        ResponseStore(tmp_path, "shard0").compile([("key", "u", "p")])


def test_a_key_depends_on_each_of_its_parts_and_on_where_they_end():
    parts = ("audio", "prompt", "fingerprint", "settings")
    keys = {response_key(*parts)} | {response_key(*(part + "x" * (i == j) for j, part in enumerate(parts))) for i in range(4)}
    assert len(keys) == 5
    assert response_key("ab", "c", "", "") != response_key("a", "bc", "", "")


KILLED = """
import sys, threading
from pathlib import Path
import pandas as pd
from tests.support.sweeps import Recorder, run

class Stuck(Recorder):
    def respond(self, requests):
        for number, answers in enumerate(super().respond(requests)):
            yield answers
            if number == 4:  # this answer is in flight: four before it are stored, two at a time
                print("stuck", flush=True)
                threading.Event().wait()

run(pd.read_json(sys.argv[1]), [1, 2], Path(sys.argv[2]), responder=Stuck())
"""


def test_kill_9_loses_only_the_utterances_that_were_not_written_yet(manifest, tmp_path):
    expected, total, _ = run(manifest, [1, 2], tmp_path / "undisturbed")
    manifest.to_json(tmp_path / "manifest.json")
    store = tmp_path / "store"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "manifest.json"), str(store)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout.readline() == "stuck\n"
        job.send_signal(signal.SIGKILL)
    assert len(list(store.glob("*.parquet"))) == 2
    resumed, computed, _ = run(manifest, [1, 2], store)
    assert computed == total - 3 * 4
    pd.testing.assert_frame_equal(resumed, expected)


class Counted(PackedEngine):
    """The packed engine, which reports each utterance whose responses have been taken."""

    def respond(self, requests):
        for answers in super().respond(requests):
            yield answers
            self.pipe.send("taken")


def test_ten_kills_of_the_packed_engine_change_nothing(manifest, tmp_path, checkpoint):
    """Killed with -9 at random moments: the same bytes in the end, and no part that was finished is computed again."""
    torch.set_num_threads(1)
    more = pd.concat([manifest.assign(utterance=manifest["utterance"] + suffix) for suffix in ("", "b", "c")], ignore_index=True)
    for index, row in enumerate(more.itertuples()):
        more.loc[index, "file"] = str(write(tmp_path / "more" / f"{index}.wav", tone(row.duration, seed=100 + index)))
        more.loc[index, "audio_sha256"] = audio.fingerprint(*audio.read_native(more.loc[index, "file"]))
    blocks = [random_tokens(list(more["utterance"]), seed) for seed in range(3)]
    model = qwen2_audio.load(entry(path=str(checkpoint), max_new_tokens=4), "tiny", LABELS, TEMPLATE)
    prompts = sweep.keyed_prompts(more, blocks, TEMPLATE, LABELS, model.fingerprint, SETTINGS)

    def answer(folder, engine):
        store = ResponseStore(folder, "shard0")
        sweep.answer_all(more, prompts, engine, store, LABELS, write_every=2, what="test")
        RESPONSES.write(store.compile(sweep.wanted(prompts)), folder.with_suffix(".parquet"))

    answer(tmp_path / "undisturbed", PackedEngine(model, LABELS, budget=1))
    chance, store, safe = random.Random(7), tmp_path / "store", set()
    fork = multiprocessing.get_context("fork")
    for kill in range(10):
        engine = Counted(model, LABELS, budget=1)
        reports, engine.pipe = fork.Pipe(duplex=False)
        job = fork.Process(target=answer, args=(store, engine))
        job.start()
        engine.pipe.close()
        with contextlib.suppress(EOFError):  # it had less than that left to do
            for _ in range(kill % 4):
                assert reports.recv() == "taken"
        time.sleep(chance.uniform(0, 0.05))  # any moment is as good as another
        job.kill()
        job.join()
        parts = {part.name for part in store.glob("*.parquet")}
        assert safe <= parts
        assert len(parts) >= len(safe) + kill % 4 // 2 or len(parts) == 11
        safe = parts
    assert safe
    assert len(safe) <= 11, safe
    answer(store, PackedEngine(model, LABELS, budget=1))
    assert (tmp_path / "store.parquet").read_bytes() == (tmp_path / "undisturbed.parquet").read_bytes()
    kept = [key for part in store.glob("*.parquet") for key in pd.read_parquet(part)["key"]]
    assert len(kept) == len(set(kept)) == sum(map(len, prompts.values()))
