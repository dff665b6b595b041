"""Fixtures that several test files share."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

# No test may reach a network: a model or a corpus that is not there must be an error, not a download.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Code of stand-in checkpoints is copied before it runs: not into the user's own cache.
os.environ["HF_MODULES_CACHE"] = tempfile.mkdtemp(prefix="cuealign-tests-")

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import CueBlockTemplate, PromptTemplate

ROOT = Path(__file__).parents[1]
RATE = 16_000

LABELS = [Label(word, word) for word in ("angry", "happy", "neutral", "sad")]
TEMPLATE = PromptTemplate(
    "How does the speaker feel? Answer with one of: {labels}.",
    CueBlockTemplate("Cues: " + "; ".join(f"{concept}={{{concept}}}" for concept in CONCEPTS)),
)


LONGEST = ("test_slurm_failures.py", "test_slurm.py", "test_workflow.py", "test_module.py", "test_disks.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run whole studies go first, so that no worker is left with one at the end."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_unconfigure() -> None:
    """Nothing of a test run stays behind."""
    shutil.rmtree(os.environ["HF_MODULES_CACHE"], ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A SLURM cluster on this machine."""
    from tests.slurm import Cluster

    started = Cluster(tmp_path_factory.mktemp("s", numbered=True))  # a socket's path must be short
    yield started
    started.stop()


def tone(seconds: float, *, pitch: float = 150.0, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """A voiced sound: decaying harmonics with a little noise, float32, shape ``(seconds * rate,)``."""
    time = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12) if pitch * k < rate / 2)
    return (0.1 * voice + 0.003 * np.random.default_rng(seed).standard_normal(len(time))).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Write 16-bit audio; the ending gives the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Rounded here: libsndfile rounds differently for different formats.
    soundfile.write(path, np.round(np.asarray(samples) * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16), rate, subtype="PCM_16")
    return path


def random_tokens(utterances: list[str], seed: int = 0) -> pd.DataFrame:
    """Random tokens with their cue block."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"utterance": utterances} | {concept: random.choice(TOKENS[concept], len(utterances)) for concept in CONCEPTS})
    table["cue_block"] = [TEMPLATE.cue_block.serialise(row._asdict()) for row in table.itertuples()]
    return table


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
def dataset() -> dict:
    """Config entry that fits :func:`corpus`, all defaults filled in; ``manifest`` is to be set."""
    from cuealign.config.entries.dataset import Dataset

    entry = Dataset(title="t", licence="l", reader="manifest", labels=["angry", "happy", "sad"], splits=["train", "test"])
    return entry.model_dump(mode="json") | {"gender_needed": False}


def build_corpus(entry: dict, *, on_bad_audio: str = "error", workers: int = 1) -> tuple[pd.DataFrame, dict]:
    """Manifest and counts of a corpus, through all the steps that the workflow takes, validation of the entry included."""
    from cuealign.config.entries.dataset import Dataset
    from cuealign.corpora import audit, manifests, readers
    from cuealign.corpora.checks import check_description

    needed = {"gender_needed": entry["gender_needed"]}
    entry = Dataset.model_validate({key: value for key, value in entry.items() if key not in needed}).model_dump(mode="json") | needed
    reader = readers.module(entry["reader"])
    utterances = check_description(reader.read(entry, reader.sources(entry)), entry, name="c")
    return manifests.build_manifest(
        utterances, audit.probe(utterances, name="c", workers=workers), entry, name="c", on_bad_audio=on_bad_audio
    )


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A random checkpoint of transformers' Qwen2-Audio classes, saved by ``save_pretrained``.

    Weights are large, so that logits differ enough between prompts for a mistake to show. The rows of the output
    layer that belong to the label words are larger still: some greedy answers are labels, others leave them.
    """
    import torch

    from cuealign.models.training import cue_tiny

    torch.manual_seed(0)
    recipe = cue_tiny.Recipe(seconds=2)
    processor = cue_tiny.build_processor(recipe, TEMPLATE, LABELS, random_tokens([str(number) for number in range(50)]))
    model = cue_tiny.build_model(recipe, processor)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed_positions" not in name:
                parameter.normal_(0, 0.3)
        words = processor.tokenizer([label.word for label in LABELS])["input_ids"]
        rows = sorted({token for word in words for token in word} | {processor.tokenizer.convert_tokens_to_ids("<|im_end|>")})
        model.lm_head.weight[rows] *= 2.5
    folder = tmp_path_factory.mktemp("checkpoint")
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
