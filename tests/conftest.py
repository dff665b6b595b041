"""Fixtures that several test files share."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

# No test may reach a network: a model or a corpus that is not there must be an error, not a download.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Code of stand-in checkpoints is copied before it runs: not into the user's own cache.
os.environ["HF_MODULES_CACHE"] = tempfile.mkdtemp(prefix="cuealign-tests-")

from cuealign.config.entries.dataset import Dataset
from tests.support import ROOT
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone, write

LONGEST = ("cluster", "workflow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders of tests that run whole studies go first, so that no worker is left with one at the end."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.parent.name, len(order)))


def pytest_unconfigure() -> None:
    """Nothing of a test run stays behind."""
    shutil.rmtree(os.environ["HF_MODULES_CACHE"], ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A SLURM cluster on this machine."""
    from tests.support.slurm import Cluster

    started = Cluster(tmp_path_factory.mktemp("s", numbered=True))  # a socket's path must be short
    yield started
    started.stop()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    """A folder with twelve clips, two splits, four speakers, and its CSV table."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for speaker, (gender, split) in enumerate([("female", "train"), ("male", "train"), ("female", "test"), ("male", "test")]):
        for number, label in enumerate(("angry", "happy", "sad")):
            name = f"s{speaker}_{label}.wav"
            write(folder / name, tone(0.3 + 0.1 * number, pitch=200 - 60 * (gender == "male") + 9 * number, seed=speaker * 10 + number))
            rows.append({"file": name, "speaker": f"0{speaker}", "gender": gender, "label": label, "split": split})
    table = pd.DataFrame(rows)
    table.to_csv(folder / "manifest.csv", index=False)
    return folder, table


@pytest.fixture
def dataset() -> Dataset:
    """Config entry that fits :func:`corpus`; ``manifest`` is to be set."""
    return Dataset(title="t", licence="l", reader="manifest", labels=["angry", "happy", "sad"], splits=["train", "test"])


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A random checkpoint of transformers' Qwen2-Audio classes, saved by ``save_pretrained``.

    Weights are large, so that logits differ enough between prompts for a mistake to show. The rows of the output
    layer that belong to the label words are larger still: some greedy answers are labels, others leave them.
    """
    import torch

    from cuealign.models.training import cue_tiny

    torch.manual_seed(0)
    options = cue_tiny.Options(seconds=2)
    processor = cue_tiny.build_processor(options, TEMPLATE, LABELS, random_tokens([str(number) for number in range(50)]))
    model = cue_tiny.build_model(options, processor)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed_positions" not in name:
                parameter.normal_(0, 0.3)
        words = processor.tokenizer([label.word for label in LABELS])["input_ids"]
        rows = sorted({token for word in words for token in word} | {processor.tokenizer.convert_tokens_to_ids("<|im_end|>")})
        model.lm_head.weight[rows] *= 8.0
    folder = tmp_path_factory.mktemp("checkpoint")
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def small_study(tmp_path_factory) -> Path:
    """A small study of the demo's shape, run to the end, once for all processes that run tests; not to be changed.

    Its config lies beside its results, in ``small.yaml``.
    """
    from tests.support.workflow import SMALL, snakemake, write_config

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each worker has a folder of its own in it
    folder = shared / "small-study"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            making = shared / f"small-study-{os.getpid()}"
            making.mkdir()
            done = snakemake(making, "--cores", "2", configfile=write_config(making / "small.yaml", SMALL))
            assert done.returncode == 0, done.stdout + done.stderr
            making.rename(folder)
    return folder


@pytest.fixture(scope="session")
def demo_made() -> None:
    """The results of ``make demo`` are those of this version; tests that need them are skipped without."""
    plan = subprocess.run([sys.executable, "-m", "snakemake", "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "Nothing to be done" not in plan.stdout + plan.stderr:
        assert "CUEALIGN_DEMO_MADE" not in os.environ  # .ci/run has just made it
        pytest.skip("no results of this version: make demo first")


@pytest.fixture
def own_study(small_study, tmp_path) -> Path:
    """A copy of the small study, to be changed."""
    return shutil.copytree(small_study, tmp_path / "study", symlinks=True)


@pytest.fixture(scope="session")
def small_settings():
    """Config of the small study."""
    from cuealign.config.loading import load
    from tests.support.config import merge, shipped
    from tests.support.workflow import SMALL

    return load(merge(shipped(), SMALL))
