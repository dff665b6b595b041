"""Control listeners and their training."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from cuealign.core.errors import ConfigError, InputError, ModelError
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.interventions.apply import apply_intervention
from cuealign.models.backends import listener as backend
from cuealign.models.backends.listener import ONE_HOT, cue_features
from cuealign.models.base import Request
from cuealign.models.training import RECIPES
from cuealign.models.training import listener as recipe
from cuealign.prompts.labels import Label
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone


def trained(hears, study, folder, labels=LABELS):
    recipe.train(*study, TEMPLATE, LABELS, folder, options=recipe.Options(hears=hears))
    return backend.load(entry(path=str(folder)), "l", labels, TEMPLATE)


def ask(responder, samples, tokens):
    words = [label.word for label in LABELS]
    prompts = (TEMPLATE.render(words, ""), *(TEMPLATE.render(words, block) for block in tokens["cue_block"].head(6)))
    return next(responder.respond([Request("u", samples, prompts)]))


def test_a_listener_to_audio_ignores_the_cues(study, tmp_path):
    responses = ask(trained("audio", study, tmp_path / "a"), tone(0.3), study[1])
    assert len(set(responses)) == 1


def test_a_listener_to_audio_depends_on_the_audio(study, tmp_path):
    listener = trained("audio", study, tmp_path / "a")
    assert ask(listener, tone(0.3, pitch=100), study[1])[0].answer == "angry"
    assert ask(listener, tone(0.3, pitch=250), study[1])[0].answer == "sad"


def test_a_listener_to_cues_ignores_the_audio(study, tmp_path):
    listener = trained("cues", study, tmp_path / "c")
    assert ask(listener, tone(0.3), study[1]) == ask(listener, np.zeros(4800, dtype=np.float32), study[1])


def test_a_listener_to_cues_follows_them(study, tmp_path):
    responses = ask(trained("cues", study, tmp_path / "c"), tone(0.3), study[1])
    assert [response.answer for response in responses[1:5]] == [label.word for label in LABELS]


def test_to_a_listener_to_cues_a_blank_block_says_the_mean_of_all_tokens(study, tmp_path):
    blank = apply_intervention("blank", study[1], TEMPLATE.cue_block, dataset="d", split="s", p="0", seed="0")
    listener = trained("cues", study, tmp_path / "c")
    (response,) = set(ask(listener, tone(0.3), blank)[1:])
    effects = dict(zip(ONE_HOT, listener.coefficients.T, strict=True))
    means = [np.mean([effects[concept, token] for token in TOKENS[concept]], axis=0) for concept in CONCEPTS]
    np.testing.assert_allclose(response.label_logprobs, log_softmax(np.sum(means, axis=0) + listener.intercepts), atol=1e-12)
    plain = ask(listener, tone(0.3), study[1])[0]
    assert np.abs(np.subtract(plain.label_logprobs, response.label_logprobs)).max() > 1e-6  # not the same as no block at all


def test_a_listener_is_the_classifier_of_scikit_learn(study, tmp_path):
    manifest, tokens = study
    listener = trained("cues", study, tmp_path / "c")
    features = np.stack([cue_features(row._asdict()) for row in tokens[list(CONCEPTS)].itertuples(index=False)])
    theirs = LogisticRegression(C=0.3, max_iter=5000).fit(features, manifest["label"])
    for row in features[:5]:
        np.testing.assert_allclose(listener.logprobs(row), theirs.predict_log_proba([row])[0], atol=1e-9)


def test_a_listener_with_two_labels_is_the_classifier_of_scikit_learn(study, tmp_path):
    manifest, tokens = (table[study[0]["label"].isin(["angry", "happy"])].reset_index(drop=True) for table in study)
    recipe.train(manifest, tokens, TEMPLATE, LABELS[:2], tmp_path, options=recipe.Options(hears="cues"))
    listener = backend.load(entry(path=str(tmp_path)), "l", LABELS[:2], TEMPLATE)
    features = np.stack([cue_features(row._asdict()) for row in tokens[list(CONCEPTS)].itertuples(index=False)])
    theirs = LogisticRegression(C=0.3, max_iter=5000).fit(features, manifest["label"])
    for row in features[:5]:
        np.testing.assert_allclose(listener.logprobs(row), theirs.predict_log_proba([row])[0], atol=1e-9)


@pytest.mark.parametrize("part", ["coefficients", "scale"])
def test_weights_that_are_not_finite_stop_the_job(study, tmp_path, part):
    """NaN in the coefficients, and a scale of zero."""
    trained("audio", study, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights[part] = weights[part] * (float("nan") if part == "coefficients" else 0)
    save_file(weights, tmp_path / "model.safetensors")
    loaded = backend.load(entry(path=str(tmp_path)), "listener", LABELS, TEMPLATE)
    with pytest.raises(ModelError, match="the model's scores are NaN or infinite"):
        list(loaded.respond([Request("u", tone(0.3), ("prompt",))]))


TRAINED = {"recipe": "listener", "dataset": "d", "split": "train", "options": {"hears": "cues"}}


def test_weights_of_the_other_listener_are_refused(study, tmp_path):
    for hears in ("audio", "cues"):
        trained(hears, study, tmp_path / hears)
    (tmp_path / "cues/model.safetensors").write_bytes((tmp_path / "audio/model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"cues/model\.safetensors: holds .*, which is not a listener to cues with 4 labels") as error:
        backend.load(entry(path=str(tmp_path / "cues")), "l", LABELS, TEMPLATE)
    assert "delete" not in str(error.value)


@pytest.mark.parametrize(("file", "content"), [("config.json", "[]"), ("model.safetensors", "x"), ("config.json", "")])
def test_a_damaged_checkpoint_that_a_rule_has_trained_says_what_to_delete(study, tmp_path, file, content):
    trained("cues", study, tmp_path / "m")
    (tmp_path / "m" / file).write_text(content)
    with pytest.raises(ModelError) as error:
        backend.load(entry(path=str(tmp_path / "m"), training=TRAINED), "l", LABELS, TEMPLATE)
    assert f"delete {tmp_path / 'm'} and run the same command again" in str(error.value)
    assert "download" not in str(error.value)


def test_training_without_an_utterance_of_a_label_is_refused(study, tmp_path):
    manifest, tokens = (table[study[0]["label"] != "sad"].reset_index(drop=True) for table in study)
    with pytest.raises(InputError, match="no utterance with the label sad"):
        recipe.train(manifest, tokens, TEMPLATE, LABELS, tmp_path, options=recipe.Options(hears="cues"))


def test_scores_are_in_the_order_of_the_labels(study, tmp_path):
    reverse = LABELS[::-1]
    first = ask(trained("cues", study, tmp_path / "c"), tone(0.3), study[1])
    second = ask(trained("cues", study, tmp_path / "c", labels=reverse), tone(0.3), study[1])
    for one, other in zip(first, second, strict=True):
        assert one.answer == other.answer
        np.testing.assert_allclose(one.label_logprobs[::-1], other.label_logprobs)


def test_labels_that_were_not_in_the_training_are_refused(study, tmp_path):
    with pytest.raises(ModelError, match="without the labels bored"):
        trained("cues", study, tmp_path / "c", labels=[*LABELS, Label("bored", "bored")])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "hears: is missing"),
        ({"hears": "both"}, "hears: is 'both', but must be audio or cues"),
        ({"hears": "cues", "x": 1}, "x: unknown key; known: hears"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=rf"^models\.l\.training\.options\.{message}"):
        RECIPES.options("listener", options, "models.l.training.options")
