"""Checkpoints of language models, and the backends that load them."""

import numpy as np
import pytest
import torch

from cuealign.core.errors import ConfigError, ModelError
from cuealign.inference.embedding import embed
from cuealign.models import checkpoints
from cuealign.models.backends import BACKENDS, qwen2_audio
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone


def test_a_folder_without_a_checkpoint_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"model 'af9': .* contains no checkpoint .* check models\.af9\.path"):
        qwen2_audio.load(entry(path=str(tmp_path)), "af9", LABELS, TEMPLATE)


def test_the_hash_of_a_folder_depends_on_names_and_bytes(tmp_path):
    (tmp_path / "a").write_text("x")
    first = checkpoints.hash_folder(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = checkpoints.hash_folder(tmp_path)
    (tmp_path / "b").write_text("y")
    assert len({first, second, checkpoints.hash_folder(tmp_path)}) == 3


def test_a_tokenizer_without_a_special_token_of_the_family_is_refused(checkpoint):
    loaded = qwen2_audio.load(entry(path=str(checkpoint)), "m", LABELS, TEMPLATE)
    with pytest.raises(ModelError, match="no token '<nothing>'"):
        loaded.frontend._special("<nothing>")


def test_audio_that_would_be_lost_is_an_error(checkpoint):
    loaded = qwen2_audio.load(entry(path=str(checkpoint)), "m", LABELS, TEMPLATE)
    audio = loaded.frontend.prepare(tone(0.5))
    with torch.inference_mode(), pytest.raises(ModelError, match=rf"0 audio placeholders and {audio.tokens} audio embeddings"):
        embed(loaded, np.array([1, 2, 3]), [audio])


def test_every_backend_can_be_imported():
    for name in BACKENDS.names():
        assert callable(BACKENDS.get(name))


def test_an_unknown_backend_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"unknown backend 'qwen9'.*; known: audio_flamingo_3, "):
        BACKENDS.get("qwen9")
