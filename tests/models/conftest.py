"""Fixtures of the tests of models."""

import numpy as np
import pandas as pd
import pytest

from cuealign.core import audio
from tests.support.contrastive import WRITERS
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone, write


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Short name of each contrastive system to its folder and its tensors as published."""
    found = {}
    for name, writer in WRITERS.items():
        folder = tmp_path_factory.mktemp(name)
        found[name] = (folder, writer(folder))
    return found


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Manifest and tokens of forty clips of five speakers, whose pitch and tokens depend on the label, pitch with some noise."""
    folder = tmp_path_factory.mktemp("study")
    names = [label.name for label in LABELS]
    random = np.random.default_rng(0)
    rows = []
    for index in range(40):
        label = names[index % 4]
        pitch = 100 + 50 * (index % 4) + random.normal(0, 15)
        path = write(folder / f"{index}.wav", tone(0.3, pitch=pitch, seed=index))
        rows.append((f"u{index}", str(path), 0.0, 0.3, label, "mean", False, audio.fingerprint(*audio.read_native(path))))
    manifest = pd.DataFrame(rows, columns=["utterance", "file", "start", "end", "label", "channel", "remove_offset", "audio_sha256"])
    manifest["speaker"] = [f"s{index // 4 % 5}" for index in range(40)]
    tokens = random_tokens(list(manifest["utterance"]))
    tokens["PITCH"] = [("VERY_LOW", "LOW", "HIGH", "VERY_HIGH")[index % 4] for index in range(40)]
    tokens["cue_block"] = [TEMPLATE.cue_block.serialise(row._asdict()) for row in tokens.itertuples()]
    return manifest, tokens
