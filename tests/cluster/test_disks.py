"""Disks as they are: full, or not to be written on. Real file systems, mounted for the test; that needs root."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
import yaml

from tests.support.workflow import SMALL, command, environment, snakemake

pytestmark = pytest.mark.cluster

REVISION = "0123456789abcdef0123456789abcdef01234567"
STUDY = {
    "grid": [
        {
            "dataset": "emosynth",
            "splits": ["test"],
            "models": ["listener-cues", "cached"],
            "interventions": ["none", "correct"],
            "limit": 12,
        }
    ],
    "emosynth": SMALL["emosynth"],
    "statistics": SMALL["statistics"],
    "models": {
        "listener-cues": {"write_every": 1},
        "cached": {
            **{"title": "cached", "licence": "none", "backend": "qwen2_audio"},
            **{"hub_id": "lab/tiny", "revision": REVISION, "device": "cpu", "dtype": "float32", "max_new_tokens": 4, "threads": 1},
        },
    },
}


@pytest.fixture
def mount():
    """Mount a file system at a folder; it goes when the test ends."""
    mounted = []

    def mounting(folder, *arguments):
        done = subprocess.run(["mount", *arguments, str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)

    yield mounting
    for folder in reversed(mounted):
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study up to its conditions, and its trained model."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, "--cores", "2", "tokens", "results/models/listener-cues", configfile=folder / "study.yaml")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_full_disk_is_named_and_what_was_finished_is_kept(folder, mount):
    target = folder / "results/responses/emosynth/test/listener-cues/shard0.parquet"
    store, line = target.parent / "store", ("--cores", "1", str(target.relative_to(folder)))
    store.mkdir(parents=True)
    mount(store, "-t", "tmpfs", "-o", "size=64k", "none")
    full = snakemake(folder, *line, configfile=folder / "study.yaml")
    assert full.returncode != 0
    [error] = [line for line in full.stderr.splitlines() if line.startswith("error: ")]
    assert re.match(rf"error: {store.relative_to(folder)}/shard0-\S+: No space left on device", error)
    kept = sorted(path for path in store.iterdir() if path.is_file())
    assert kept
    assert {part.suffix for part in kept} == {".parquet"}

    subprocess.run(["mount", "-o", "remount,size=64m", str(store)], check=True)
    done = snakemake(folder, *line, configfile=folder / "study.yaml")
    assert done.returncode == 0, done.stderr
    assert set(kept) < set(store.iterdir())
    keys = pd.concat([pd.read_parquet(part, columns=["key"]) for part in store.glob("*.parquet")])
    assert not keys.duplicated().any()

    # The same as on a disk that was never full.
    again = folder.parent / "never-full"
    shutil.copytree(folder, again, ignore=shutil.ignore_patterns("responses", "locks"))
    assert snakemake(again, *line, configfile=again / "study.yaml").returncode == 0
    assert (again / target.relative_to(folder)).read_bytes() == target.read_bytes()


def test_a_model_cache_and_a_home_that_cannot_be_written_will_do(folder, checkpoint, mount, tmp_path):
    snapshot = tmp_path / "home/huggingface/hub/models--lab--tiny/snapshots" / REVISION
    shutil.copytree(checkpoint, snapshot)
    home = tmp_path / "home"
    mount(home, "--bind", str(home))
    subprocess.run(["mount", "-o", "remount,bind,ro", str(home)], check=True)
    with pytest.raises(OSError, match="Read-only file system"):
        (home / "x").touch()
    target = "results/responses/emosynth/test/cached/shard0.parquet"
    done = subprocess.run(
        command(folder, "--cores", "1", target, configfile=folder / "study.yaml"),
        **{"cwd": folder, "capture_output": True, "text": True, "timeout": 300, "check": False},
        env={key: value for key, value in environment().items() if key != "HF_MODULES_CACHE"}
        | {"HOME": str(home), "HF_HOME": str(home / "huggingface"), "XDG_CACHE_HOME": str(tmp_path / "cache")},  # Snakemake needs one
    )
    assert done.returncode == 0, done.stderr
    assert pd.read_parquet(folder / target)["utterance"].nunique() == 12
