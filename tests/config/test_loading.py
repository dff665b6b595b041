"""What a valid config means: its runs, its defaults, and what the command line may hand over."""

import copy
import re

import pytest
import yaml

from cuealign.config.entries.grid import Experiment, GridRun
from cuealign.config.grid import experiments, runs
from cuealign.config.loading import load
from cuealign.config.settings import TABLES
from cuealign.config.workflow import limit, missing_checkpoints, missing_sources, wildcard
from cuealign.prompts.answers import answer_parser
from tests.support import ROOT
from tests.support.config import merge, shipped


@pytest.fixture(scope="module")
def demo() -> dict:
    return shipped()


def test_demo_is_thirty_four_conditions_of_one_model_and_ten_of_its_ruler(demo):
    found = runs(load(demo).grid)
    assert len(found) == len(set(found)) == 34 + 5 * 10
    assert missing_sources(load(demo)) == []


def test_interventions_without_strength_or_seed_occur_once(demo):
    found = [run for run in runs(load(demo).grid) if run.model == "cue-tiny"]
    assert [run.condition for run in found if run.intervention in ("none", "correct", "conflict")] == [
        ("none", "0", "0"),
        ("correct", "0", "0"),
        ("conflict", "0", "0"),
    ]
    assert {(run.p, run.seed) for run in found if run.intervention == "shuffle"} == {("0", str(seed)) for seed in range(5)}
    assert sum(run.intervention == "corrupt" for run in found) == 25


def test_paper_has_every_cell_of_tables_two_and_three():
    paper = load(shipped("paper"))
    published = [line.split(",")[1:4] for line in (ROOT / "resources/published.csv").read_text().splitlines()[1:]]
    assert {Experiment(*cell) for cell in published} <= set(experiments(paper.grid))
    assert [line.split(" is ")[0] for line in missing_sources(paper)] == ["datasets.aibo.root", "datasets.iemocap.root"]


@pytest.mark.parametrize("written", [0.2, "0.2", "0.20", "2e-1", ".2", "0.2000"])
def test_a_strength_has_one_notation(demo, written):
    values = copy.deepcopy(demo)
    values["grid"][0]["p"] = [written, 1, "1e-1", "-0"]
    assert load(values).grid[0].p == ["0.2", "1.0", "0.1", "0.0"]


def test_plain_values_of_a_config_give_the_same_config(demo):
    values = copy.deepcopy(demo) | {
        "tables": ["uar"],
        "figures": {"grounding": None, "confusions": {"scope": "model", "annotate_from": 0.1}},
    }
    settings = load(values)
    assert load(settings.model_dump(mode="json")) == settings


def test_values_that_the_command_line_hands_over_as_text_are_read(demo):
    values = copy.deepcopy(demo)
    values["statistics"] = {"resamples": "500", "confidence": "0.9"}
    values["models"]["cue-tiny"]["training"]["options"] = {"epochs": "2", "mix": ["0.5", "0.25", "0.25"]}
    values["models"]["paraclap"]["cue_captions"] = "true"
    settings = load(values)
    assert settings.statistics.resamples == 500
    assert settings.models["cue-tiny"].training.options == {"epochs": 2, "mix": [0.5, 0.25, 0.25]}
    assert settings.models["paraclap"].title == "ParaCLAP, cue captions"


@pytest.mark.parametrize("none", [None, "null", "~"])
def test_null_means_none_also_from_the_command_line(demo, none):
    values = copy.deepcopy(demo)
    values["figures"] = {"tokens": none}
    values["datasets"]["emosynth"]["note"] = none
    values["datasets"]["iemocap"]["label_map"]["hap"] = none
    settings = load(values)
    assert list(settings.figures) == ["reliance", "reading", "grounding", "confusions", "corruption"]
    assert settings.datasets["emosynth"].note is None
    assert settings.datasets["iemocap"].label_map["hap"] is None


def test_a_list_is_all_that_is_made_and_a_mapping_what_differs(demo):
    assert list(load(copy.deepcopy(demo) | {"tables": ["uar", "concepts"]}).tables) == ["uar", "concepts"]
    differing = load(copy.deepcopy(demo) | {"tables": {"aibo": None, "iemocap": None}})
    assert list(differing.tables) == [name for name in TABLES if name not in ("aibo", "iemocap")]


def test_the_options_of_a_figure_stand_beside_its_scope(demo):
    narrow = load(copy.deepcopy(demo) | {"figures": {"confusions": {"width": "1", "controls": True, "annotate_from": 0.1}}})
    entry = narrow.figures["confusions"]
    assert (entry.scope, entry.width, entry.controls, entry.options) == ("model", 1, True, {"annotate_from": 0.1})
    assert load(narrow.model_dump(mode="json")).figures == narrow.figures
    figures = load(copy.deepcopy(demo) | {"figures": {"confusions": {"scope": "model", "annotate_from": 0.05}}}).figures
    assert (figures["confusions"].scope, figures["confusions"].options) == ("model", {"annotate_from": 0.05})
    assert (figures["tokens"].scope, figures["tokens"].options) == ("dataset", {})


def test_a_checkpoint_that_is_missing_is_named(demo):
    values = copy.deepcopy(demo)
    values["grid"][0] = {"dataset": "emosynth", "splits": ["test"], "models": ["paraclap"], "interventions": ["none"]}
    (line,) = missing_checkpoints(load(values), ["paraclap", "cue-tiny", "af3"])
    assert line.startswith("models.paraclap.path: there is no folder checkpoints/paraclap")


def test_a_user_config_needs_only_what_differs(demo):
    mine = {
        "grid": [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none"]}],
        "datasets": {
            "mine": {"title": "Mine", "licence": "x", "reader": "manifest", "labels": ["sad", "angry"], "splits": ["test", "train"]}
        },
        "models": {"listener-cues": {"training": {"dataset": "mine"}}},
    }
    settings = load(merge(copy.deepcopy(demo), mine))
    assert runs(settings.grid) == [GridRun("mine", "test", "listener-cues", "none", "0", "0")]
    assert settings.models["listener-cues"].training.options == {"hears": "cues"}
    assert missing_sources(settings) == ["datasets.mine.manifest is not set: give the location of Mine there"]


def test_a_limit_belongs_to_its_experiment(demo):
    values = copy.deepcopy(demo)
    values["grid"] = [values["grid"][0] | {"limit": 20}]
    assert limit(load(values), Experiment("emosynth", "test", "cue-tiny")) == 20
    assert limit(load(demo), Experiment("emosynth", "test", "cue-tiny")) is None


def test_wildcard_matches_exactly_its_values():
    pattern = wildcard(["0.2", "0.25", "a"])
    assert all(re.fullmatch(pattern, value) for value in ("0.2", "0.25", "a"))
    assert not any(re.fullmatch(pattern, value) for value in ("012", "0.", "b", ""))
    assert not re.fullmatch(wildcard([]), "")


@pytest.mark.parametrize("name", ["datasets", "models", "prompts", "config", "paper", "ravdess", "grounding"])
def test_shipped_configs_repeat_no_default(name):
    """A default is written once, in the code: what a file says differs from it."""
    from cuealign.config.entries.dataset import Dataset
    from cuealign.config.entries.grid import GridEntry
    from cuealign.config.entries.model import Model
    from cuealign.config.settings import Config

    values = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text(encoding="utf-8"))
    entries = [(Config, "", values)]
    entries += [(Dataset, key, entry) for key, entry in values.get("datasets", {}).items()]
    entries += [(Model, key, entry) for key, entry in values.get("models", {}).items()]
    # The strengths and seeds of a grid are what a reader looks for first: they are spelt out.
    entries += [
        (GridEntry, "grid", {key: value for key, value in entry.items() if key not in ("p", "seeds")}) for entry in values.get("grid", [])
    ]
    repeated = [
        f"{where}.{key}"
        for model, where, entry in entries
        for key, value in entry.items()
        if key in model.model_fields and model.model_fields[key].default == value
    ]
    assert repeated == []


def test_configs_in_the_readme_are_valid(demo):
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    examples = [part.split("```")[0] for part in readme.split("```yaml\n")[1:]]
    outputs, corpus, drawn, model = map(yaml.safe_load, examples)
    drawn = merge(copy.deepcopy(corpus), drawn)
    outputs, corpus, drawn, model = (load(merge(copy.deepcopy(demo), example)) for example in (outputs, corpus, drawn, model))
    assert list(outputs.tables) == ["uar", "corpora"]
    assert "grounding" not in outputs.figures
    assert len(runs(corpus.grid)) == 2 * (3 + 3 + 6)
    assert (corpus.datasets["mycorpus"].split, drawn.datasets["mycorpus"].split.test) == (None, 0.5)
    assert model.models["my-qwen"].backend == "qwen2_audio"


def test_examples_in_the_docs_are_valid(demo):
    models = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    corpora = (ROOT / "docs/corpora.md").read_text(encoding="utf-8")
    tried = load(merge(copy.deepcopy(demo), yaml.safe_load(models.split("```yaml\n")[1].split("```")[0])))
    assert limit(tried, Experiment("ravdess", "test", "af3")) == 20
    emodb = yaml.safe_load(corpora.split("```yaml\n")[1].split("```")[0])
    assert load(merge(copy.deepcopy(demo), emodb)).datasets["emodb"].reader == "audformat"
    given = {"title": "t", "licence": "l", "labels": ["sad", "angry"], "splits": ["train", "test"]}
    for part in corpora.split("```yaml\n")[2:]:
        example = yaml.safe_load(part.split("```")[0])
        for entry in [{"reader": "manifest", **example}] if "columns" in example else example.values():
            load(merge(copy.deepcopy(demo), {"datasets": {"mine": given | entry}}))


def test_words_belong_to_the_corpus_and_those_for_all_are_its_default(demo):
    config = load(demo)
    parsers = {name: answer_parser(config.answers_of(name)) for name in ("aibo", "iemocap")}
    assert [parsers["aibo"](word) for word in ("joyful", "happy", "motherese", "touchy", "emphatic")] == [
        *("positive", "positive", "positive", "angry", "emphatic"),
    ]
    assert [parsers["iemocap"](word) for word in ("joyful", "motherese")] == ["happy", "INVALID"]
    assert list(config.answers_of("aibo")) == config.datasets["aibo"].labels
    assert config.answers_of("aibo")["rest"] == config.answers["rest"]
