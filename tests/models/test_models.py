"""Backends, listeners and the training of both."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from cuealign.core import audio
from cuealign.core.errors import InputError, ModelError
from cuealign.core.vocabulary import CONCEPTS
from cuealign.inference.embedding import embed
from cuealign.models import backends, checkpoints
from cuealign.models.backends.listener import cue_features
from cuealign.models.base import Request
from cuealign.models.training import cue_tiny, recipe_module
from cuealign.prompts.labels import Label
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone, write

ENTRY = {"path": None, "hub_id": None, "revision": None, "dtype": "float32", "device": "cpu", "max_new_tokens": 4, "options": {}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Forty clips whose pitch and tokens carry the label, imperfectly."""
    folder = tmp_path_factory.mktemp("study")
    names = [label.name for label in LABELS]
    random = np.random.default_rng(0)
    rows = []
    for index in range(40):
        label = names[index % 4]
        pitch = 100 + 50 * (index % 4) + random.normal(0, 15)
        path = write(folder / f"{index}.wav", tone(0.3, pitch=pitch, seed=index))
        rows.append((f"u{index}", str(path), 0.0, 0.3, label, audio.fingerprint(*audio.read_native(path))))
    manifest = pd.DataFrame(rows, columns=["utterance", "file", "start", "end", "label", "audio_sha256"])
    tokens = random_tokens(list(manifest["utterance"]))
    tokens["PITCH"] = [("VERY_LOW", "LOW", "HIGH", "VERY_HIGH")[index % 4] for index in range(40)]
    tokens["cue_block"] = [TEMPLATE.cue_block.serialise(row._asdict()) for row in tokens.itertuples()]
    return manifest, tokens


def listener(hears, study, folder, labels=LABELS):
    recipe_module("listener").train(*study, TEMPLATE, LABELS, folder, options={"hears": hears})
    return backends.module("listener", "l").load(ENTRY | {"path": str(folder)}, "l", labels, TEMPLATE)


def ask(responder, samples, tokens):
    words = [label.word for label in LABELS]
    prompts = (TEMPLATE.render(words, ""), *(TEMPLATE.render(words, block) for block in tokens["cue_block"].head(6)))
    return next(responder.respond([Request("u", samples, prompts)]))


def test_listener_to_audio_is_deaf_to_cues(study, tmp_path):
    responses = ask(listener("audio", study, tmp_path / "a"), tone(0.3), study[1])
    assert len(set(responses)) == 1


def test_listener_to_audio_hears(study, tmp_path):
    heard = listener("audio", study, tmp_path / "a")
    assert ask(heard, tone(0.3, pitch=100), study[1])[0].answer == "angry"
    assert ask(heard, tone(0.3, pitch=250), study[1])[0].answer == "sad"


def test_listener_to_cues_is_deaf_to_audio(study, tmp_path):
    heard = listener("cues", study, tmp_path / "c")
    assert ask(heard, tone(0.3), study[1]) == ask(heard, np.zeros(4800, dtype=np.float32), study[1])


def test_listener_to_cues_follows_them(study, tmp_path):
    responses = ask(listener("cues", study, tmp_path / "c"), tone(0.3), study[1])
    assert [response.answer for response in responses[1:5]] == [label.word for label in LABELS]


def test_listener_is_scikit_learns_classifier(study, tmp_path):
    manifest, tokens = study
    heard = listener("cues", study, tmp_path / "c")
    features = np.stack([cue_features(row._asdict()) for row in tokens[list(CONCEPTS)].itertuples(index=False)])
    theirs = LogisticRegression(C=0.3, max_iter=5000).fit(features, manifest["label"])
    for row in features[:5]:
        np.testing.assert_allclose(heard.logprobs(row), theirs.predict_log_proba([row])[0], atol=1e-9)


def test_listener_with_two_labels_is_scikit_learns_too(study, tmp_path):
    manifest, tokens = (table[study[0]["label"].isin(["angry", "happy"])].reset_index(drop=True) for table in study)
    recipe_module("listener").train(manifest, tokens, TEMPLATE, LABELS[:2], tmp_path, options={"hears": "cues"})
    heard = backends.module("listener", "l").load(ENTRY | {"path": str(tmp_path)}, "l", LABELS[:2], TEMPLATE)
    features = np.stack([cue_features(row._asdict()) for row in tokens[list(CONCEPTS)].itertuples(index=False)])
    theirs = LogisticRegression(C=0.3, max_iter=5000).fit(features, manifest["label"])
    for row in features[:5]:
        np.testing.assert_allclose(heard.logprobs(row), theirs.predict_log_proba([row])[0], atol=1e-9)


def test_listener_needs_every_label_in_its_training(study, tmp_path):
    manifest, tokens = (table[study[0]["label"] != "sad"].reset_index(drop=True) for table in study)
    with pytest.raises(InputError, match="no utterance labelled sad"):
        recipe_module("listener").train(manifest, tokens, TEMPLATE, LABELS, tmp_path, options={"hears": "cues"})


def test_listener_answers_in_the_datasets_order(study, tmp_path):
    turned = LABELS[::-1]
    first = ask(listener("cues", study, tmp_path / "c"), tone(0.3), study[1])
    second = ask(listener("cues", study, tmp_path / "c", labels=turned), tone(0.3), study[1])
    for one, other in zip(first, second, strict=True):
        assert one.answer == other.answer
        np.testing.assert_allclose(one.label_logprobs[::-1], other.label_logprobs)


def test_listener_refuses_labels_it_never_learned(study, tmp_path):
    with pytest.raises(ModelError, match="without the labels bored"):
        listener("cues", study, tmp_path / "c", labels=[*LABELS, Label("bored", "bored")])


@pytest.mark.parametrize("options", [{}, {"hears": "both"}, {"hears": "cues", "x": 1}])
def test_listener_options_are_checked(study, tmp_path, options):
    with pytest.raises(InputError, match="hears: audio or hears: cues"):
        recipe_module("listener").train(*study, TEMPLATE, LABELS, tmp_path, options=options)


def test_cue_tiny_trains_to_the_same_bytes_and_loads_as_an_ordinary_checkpoint(study, tmp_path):
    options = {"epochs": 2, "batch_size": 8, "seconds": 1, "threads": 1}
    for name in ("one", "two"):
        cue_tiny.train(*study, TEMPLATE, LABELS, tmp_path / name, options=options)
    assert checkpoints.hash_folder(tmp_path / "one") == checkpoints.hash_folder(tmp_path / "two")
    cue_tiny.train(*study, TEMPLATE, LABELS, tmp_path / "other", options=options | {"seed": 2})
    assert checkpoints.hash_folder(tmp_path / "one") != checkpoints.hash_folder(tmp_path / "other")
    loaded = backends.module("qwen2_audio", "m").load(ENTRY | {"path": str(tmp_path / "one")}, "m", LABELS, TEMPLATE)
    assert type(loaded.model).__name__ == "Qwen2AudioForConditionalGeneration"
    assert loaded.frontend.decode(loaded.frontend.answer_ids("happy")) == "happy"
    assert json.loads((tmp_path / "one/config.json").read_text())["architectures"] == ["Qwen2AudioForConditionalGeneration"]


def test_cue_tiny_learns_what_it_is_shown(study, tmp_path):
    """A sanity check of the training loop: after some epochs the own tokens give the labels of its own data."""
    manifest, tokens = study
    options = {"epochs": 30, "batch_size": 8, "seconds": 1, "threads": 1, "mix": [0.0, 1.0, 0.0, 0.0], "dropout": 0.0}
    cue_tiny.train(manifest, tokens, TEMPLATE, LABELS, tmp_path, options=options)
    from cuealign.inference.prefix import PrefixEngine

    engine = PrefixEngine(backends.module("qwen2_audio", "m").load(ENTRY | {"path": str(tmp_path)}, "m", LABELS, TEMPLATE), LABELS)
    words = [label.word for label in LABELS]
    asked = [
        Request(row.utterance, audio.read(row.file), (TEMPLATE.render(words, block),))
        for row, block in zip(manifest.itertuples(), tokens["cue_block"], strict=True)
    ]
    answers = [responses[0].answer for responses in engine.respond(asked)]
    # Chance is .25 with a standard deviation of .07 over forty answers.
    assert np.mean([answer == label for answer, label in zip(answers, manifest["label"], strict=True)]) > 0.6


def test_cue_tiny_refuses_unknown_options(study, tmp_path):
    with pytest.raises(InputError, match="unknown epoch; known: audio_layers"):
        cue_tiny.train(*study, TEMPLATE, LABELS, tmp_path, options={"epoch": 3})


def test_folder_without_a_checkpoint_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"model 'af9': .* holds no checkpoint .* check models\.af9\.path"):
        backends.module("qwen2_audio", "af9").load(ENTRY | {"path": str(tmp_path)}, "af9", LABELS, TEMPLATE)


def test_fingerprint_depends_on_names_and_bytes(tmp_path):
    (tmp_path / "a").write_text("x")
    first = checkpoints.hash_folder(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = checkpoints.hash_folder(tmp_path)
    (tmp_path / "b").write_text("y")
    assert len({first, second, checkpoints.hash_folder(tmp_path)}) == 3


def test_a_checkpoint_of_another_kind_is_refused(checkpoint):
    loaded = backends.module("qwen2_audio", "m").load(ENTRY | {"path": str(checkpoint)}, "m", LABELS, TEMPLATE)
    with pytest.raises(ModelError, match="no token '<nothing>'"):
        loaded.frontend._special("<nothing>")


def test_audio_that_would_be_lost_is_an_error(checkpoint):
    loaded = backends.module("qwen2_audio", "m").load(ENTRY | {"path": str(checkpoint)}, "m", LABELS, TEMPLATE)
    audio = loaded.frontend.prepare(tone(0.5))
    with torch.inference_mode(), pytest.raises(ModelError, match=rf"0 audio placeholders and {audio.tokens} audio embeddings"):
        embed(loaded, np.array([1, 2, 3]), [audio])


def test_every_backend_listed_can_be_imported():
    for name in backends.names():
        assert callable(backends.module(name, "m").load)
