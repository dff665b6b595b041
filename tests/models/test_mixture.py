"""Mixtures of the two listeners: the formula, its ends, and the calibration."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from cuealign.core import audio
from cuealign.core.calibration import temperature
from cuealign.core.errors import ConfigError, ModelError
from cuealign.core.vocabulary import CONCEPTS
from cuealign.inference.asked import asked_model
from cuealign.inference.respond import respond
from cuealign.models.backends import listener as listener_backend
from cuealign.models.backends import mixture as backend
from cuealign.models.backends.listener import audio_features, cue_features
from cuealign.models.base import Request
from cuealign.models.checkpoints import hash_folder
from cuealign.models.training import RECIPES
from cuealign.models.training import listener as listener_recipe
from cuealign.models.training import mixture as recipe
from cuealign.prompts.answers import AnswerParser
from cuealign.prompts.labels import Label
from tests.support.inference import entry, prompts, requests
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone
from tests.support.sweeps import conditions

NAMES = [label.name for label in LABELS]


def later(study):
    """Utterances to calibrate on: some of the study's, in another order and with some labels that are wrong."""
    manifest, tokens = (table.iloc[::-2].reset_index(drop=True) for table in study)
    return manifest.assign(label=np.where(np.arange(len(manifest)) % 3 == 0, "sad", manifest["label"])), tokens


def trained(study, folder, weight):
    recipe.train(*study, TEMPLATE, LABELS, folder, options=recipe.Options(weight=weight), calibration=later(study))
    return folder


def load(folder, labels=LABELS):
    return backend.load(entry(path=str(folder)), "m", labels, TEMPLATE)


def scores(responder, asked):
    """Log-probabilities, shape (utterances, prompts, labels)."""
    return np.array([[response.label_logprobs for response in responses] for responses in responder.respond(asked)])


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    return trained(study, tmp_path_factory.mktemp("mixture"), 0.3)


@pytest.fixture(scope="module")
def listeners(study, tmp_path_factory):
    """The two listeners, trained and loaded by themselves."""
    found = {}
    for hears in ("audio", "cues"):
        own = tmp_path_factory.mktemp(hears)
        listener_recipe.train(*study, TEMPLATE, LABELS, own, options=listener_recipe.Options(hears=hears))
        found[hears] = listener_backend.load(entry(path=str(own)), hears, LABELS, TEMPLATE)
    return found


@pytest.fixture(scope="module")
def temperatures(folder):
    return json.loads((folder / "config.json").read_text())["temperatures"]


ASKED = [
    Request(f"u{number}", tone(0.3, pitch=pitch, seed=number), prompts(5, number)) for number, pitch in enumerate((95, 140, 190, 260, 175))
]


def test_scores_are_those_of_the_formula_on_the_listeners_own_scores(folder, listeners, temperatures):
    audio_scores, cue_scores = (scores(listeners[hears], ASKED) / temperatures[hears] for hears in ("audio", "cues"))
    expected = log_softmax(0.7 * audio_scores + 0.3 * cue_scores, axis=-1)
    np.testing.assert_allclose(scores(load(folder), ASKED), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("weight", "hears"), [(1e-9, "audio"), (1 - 1e-9, "cues")])
def test_at_its_ends_it_is_one_calibrated_listener(study, tmp_path, listeners, temperatures, weight, hears):
    mixture = load(trained(study, tmp_path, weight))
    calibrated = log_softmax(scores(listeners[hears], ASKED) / temperatures[hears], axis=-1)
    np.testing.assert_allclose(scores(mixture, ASKED), calibrated, rtol=0, atol=1e-6)
    for mine, theirs in zip(mixture.respond(ASKED), listeners[hears].respond(ASKED), strict=True):
        assert [response.answer for response in mine] == [response.answer for response in theirs]


def test_without_a_cue_block_the_intercepts_of_the_listener_to_cues_count(folder, listeners, temperatures):
    (heard,) = scores(listeners["audio"], ASKED[:1])[:, 0] / temperatures["audio"]
    intercepts = log_softmax(listeners["cues"].intercepts) / temperatures["cues"]
    np.testing.assert_allclose(scores(load(folder), ASKED[:1])[0, 0], log_softmax(0.7 * heard + 0.3 * intercepts), rtol=0, atol=1e-9)


def test_its_listeners_are_those_that_are_trained_alone(folder, listeners, study, tmp_path):
    for hears in listeners:
        listener_recipe.train(*study, TEMPLATE, LABELS, tmp_path / hears, options=listener_recipe.Options(hears=hears))
        assert hash_folder(folder / hears) == hash_folder(tmp_path / hears)


def test_training_twice_gives_the_same_bytes_and_another_weight_changes_the_weight_only(folder, study, tmp_path):
    assert hash_folder(trained(study, tmp_path / "again", 0.3)) == hash_folder(folder)
    other = trained(study, tmp_path / "other", 0.6)
    settings, others = (json.loads((each / "config.json").read_text()) for each in (folder, other))
    assert others == settings | {"weight": 0.6}
    assert load(other).fingerprint != load(folder).fingerprint == hash_folder(folder)
    for hears in ("audio", "cues"):
        assert hash_folder(folder / hears) == hash_folder(other / hears)


def test_temperatures_make_the_calibration_split_most_likely(study, temperatures):
    """Against scikit-learn's own pipeline and a search on a grid."""
    gold = pd.Index(NAMES).get_indexer(later(study)[0]["label"])
    for hears in ("audio", "cues"):
        features = [features_of(hears, *each) for each in (study, later(study))]
        scaler = StandardScaler(with_mean=hears == "audio", with_std=hears == "audio").fit(features[0])
        model = LogisticRegression(C=0.3, max_iter=5000).fit(scaler.transform(features[0]), pd.Index(NAMES).get_indexer(study[0]["label"]))
        unseen = model.predict_log_proba(scaler.transform(features[1]))
        grid = np.geomspace(0.02, 50, 20_000)
        losses = [-log_softmax(unseen / value, axis=1)[np.arange(len(gold)), gold].mean() for value in grid]
        # Two steps of the grid apart from its best at most.
        assert temperatures[hears] == pytest.approx(grid[int(np.argmin(losses))], rel=1e-3)


def features_of(hears, manifest, tokens):
    if hears == "audio":
        return np.stack([audio_features(audio.read_utterance(row)) for row in manifest.itertuples()])
    return np.stack([cue_features(row._asdict()) for row in tokens[list(CONCEPTS)].itertuples(index=False)])


def test_a_temperature_undoes_a_scale():
    random = np.random.default_rng(0)
    calibrated = log_softmax(random.normal(size=(4000, 3)), axis=1)
    labels = np.array([random.choice(3, p=np.exp(row)) for row in calibrated])
    assert temperature(calibrated, labels) == pytest.approx(1, abs=0.1)
    assert temperature(3 * calibrated, labels) == pytest.approx(3 * temperature(calibrated, labels), rel=1e-3)


def test_a_mixture_answers_without_an_engine_and_alike_in_any_order(folder):
    mixture = load(folder)
    assert asked_model(mixture, entry(path=str(folder), backend="mixture", kind="control"), LABELS) is None
    asked = requests((3, 5, 2))
    forwards = list(mixture.respond(asked))
    backwards = list(mixture.respond([Request(each.utterance, each.audio, each.prompts[::-1]) for each in asked[::-1]]))
    assert [responses[::-1] for responses in backwards[::-1]] == forwards


def test_a_job_of_a_mixture_checks_that_it_listens_and_answers_every_prompt(folder, study, tmp_path, caplog):
    manifest = study[0].head(6).assign(duration=0.3)
    parse = AnswerParser({label.name: [label.word] for label in LABELS})
    model = entry(path=str(folder), backend="mixture", kind="control")
    with caplog.at_level("INFO"):
        table, figures, _ = respond(
            manifest, conditions([1, 2]), LABELS, TEMPLATE, entry=model, name="m", parse=parse, shard=0, store=tmp_path / "store"
        )
    assert "sanity checks passed" in caplog.text
    assert len(table) == figures["prompts"] == 6 * 3
    assert set(table["path"]) == {"similarity"}


def test_scores_are_in_the_order_of_the_labels(folder):
    first, second = scores(load(folder), ASKED), scores(load(folder, LABELS[::-1]), ASKED)
    np.testing.assert_allclose(first[..., ::-1], second)


def test_labels_that_were_not_in_the_training_are_refused(folder):
    with pytest.raises(ModelError, match="without the labels bored"):
        load(folder, [*LABELS, Label("bored", "bored")])


@pytest.mark.parametrize("damage", ["cues", "temperatures", "nan"])
def test_a_damaged_checkpoint_is_one_line(study, tmp_path, damage):
    trained(study, tmp_path, 0.5)
    settings = json.loads((tmp_path / "config.json").read_text())
    if damage == "cues":
        (tmp_path / "cues/model.safetensors").unlink()
    elif damage == "temperatures":
        del settings["temperatures"]
    else:
        settings["temperatures"]["cues"] = float("nan")
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="the model's scores are NaN" if damage == "nan" else "models.m: .* cannot be loaded") as error:
        list(load(tmp_path).respond(ASKED[:1]))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "weight: is missing"),
        ({"weight": 0}, "weight: must be above 0"),
        ({"weight": 1.0}, "weight: must be below 1"),
        ({"weight": 0.5, "hears": "cues"}, "hears: unknown key; known: weight"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=rf"^models\.m\.training\.options\.{message}"):
        RECIPES.options("mixture", options, "models.m.training.options")
