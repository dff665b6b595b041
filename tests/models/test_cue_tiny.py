"""The training of cue-tiny."""

import json

import numpy as np
import pytest

from cuealign.core import audio
from cuealign.core.errors import ConfigError
from cuealign.inference.prefix import PrefixEngine
from cuealign.models import checkpoints
from cuealign.models.backends import qwen2_audio
from cuealign.models.base import Request
from cuealign.models.training import RECIPES, cue_tiny
from tests.support.config import changed
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE


def test_training_twice_gives_the_same_bytes_of_an_ordinary_checkpoint(study, tmp_path):
    options = cue_tiny.Options(epochs=2, batch_size=8, seconds=1)
    for name in ("one", "two"):
        cue_tiny.train(*study, TEMPLATE, LABELS, tmp_path / name, options=options)
    assert checkpoints.hash_folder(tmp_path / "one") == checkpoints.hash_folder(tmp_path / "two")
    cue_tiny.train(*study, TEMPLATE, LABELS, tmp_path / "other", options=changed(options, seed=2))
    assert checkpoints.hash_folder(tmp_path / "one") != checkpoints.hash_folder(tmp_path / "other")
    loaded = qwen2_audio.load(entry(path=str(tmp_path / "one")), "m", LABELS, TEMPLATE)
    assert type(loaded.model).__name__ == "Qwen2AudioForConditionalGeneration"
    assert loaded.frontend.decode(loaded.frontend.answer_ids("happy")) == "happy"
    assert json.loads((tmp_path / "one/config.json").read_text())["architectures"] == ["Qwen2AudioForConditionalGeneration"]


def test_training_on_own_tokens_learns_the_labels(study, tmp_path):
    """A check of the training loop: after some epochs, the tokens of the training data give its labels."""
    manifest, tokens = study
    options = cue_tiny.Options(epochs=30, batch_size=8, seconds=1, mix=(0.0, 1.0, 0.0), blank=0.0, dropout=0.0)
    cue_tiny.train(manifest, tokens, TEMPLATE, LABELS, tmp_path, options=options)
    engine = PrefixEngine(qwen2_audio.load(entry(path=str(tmp_path)), "m", LABELS, TEMPLATE), LABELS)
    words = [label.word for label in LABELS]
    requests = [
        Request(row.utterance, audio.read(row.file), (TEMPLATE.render(words, block),))
        for row, block in zip(manifest.itertuples(), tokens["cue_block"], strict=True)
    ]
    answers = [responses[0].answer for responses in engine.respond(requests)]
    # Chance is .25 with a standard deviation of .07 over forty answers.
    assert np.mean([answer == label for answer, label in zip(answers, manifest["label"], strict=True)]) > 0.6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epoch": 3}, "epoch: unknown key, did you mean 'epochs'\\?; known: .*audio_layers"),
        ({"mix": [0.5, 1.0, 0.5]}, "mix: shares must sum to 1, but sum to 2"),
        ({"mix": [-0.5, 1.0, 0.5]}, "mix: a share must not be negative, but the one with index 0 is -0.5"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=rf"^models\.m\.training\.options\.{message}"):
        RECIPES.options("cue_tiny", options, "models.m.training.options")
