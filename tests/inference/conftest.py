"""Fixtures of the tests of inference."""

import re

import pandas as pd
import pytest
import torch

from cuealign.core import audio
from cuealign.models.backends import qwen2_audio
from tests.support import ROOT, families
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone, write
from tests.support.sweeps import COUNT


@pytest.fixture
def manifest(tmp_path) -> pd.DataFrame:
    """Utterances of increasing length."""
    rows = []
    for index in range(COUNT):
        seconds = 0.05 + 0.02 * index
        path = write(tmp_path / "audio" / f"u{index}.wav", tone(seconds, seed=index))
        rows.append((f"u{index}", str(path), 0.0, seconds, seconds, "mean", False, audio.fingerprint(*audio.read_native(path))))
    return pd.DataFrame(rows, columns=["utterance", "file", "start", "end", "duration", "channel", "remove_offset", "audio_sha256"])


@pytest.fixture(scope="module")
def qwen(checkpoint):
    """The tiny Qwen2-Audio checkpoint, with answers of up to 20 tokens."""
    torch.set_num_threads(1)
    return qwen2_audio.load(entry(path=str(checkpoint)), "tiny", LABELS, TEMPLATE)


@pytest.fixture(scope="module")
def backend_of_the_page(tmp_path_factory):
    """The template of a backend in docs/extending.md, as a plug-in on Python's path."""
    name = f"cuealign_plugins/backends/{families.OF_THE_PAGE}.py"
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    (code,) = re.findall(rf"^```python\n(# {re.escape(name)}\n.*?)^```", page, re.DOTALL | re.MULTILINE)
    folder = tmp_path_factory.mktemp("plugins")
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text(code, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield
