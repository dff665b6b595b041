"""The configuration: every mistake gives one line that names the key and what is allowed."""

import copy
import json

import pytest
import yaml

from cuealign import interventions
from cuealign.config.entries.grid import GridRun
from cuealign.config.settings import load, wildcard
from cuealign.core.errors import ConfigError, ModelError
from cuealign.models import backends
from tests.support import ROOT
from tests.support.config import merge, shipped


@pytest.fixture(scope="module")
def demo() -> dict:
    return shipped()


def test_demo_is_thirty_three_conditions_of_three_models(demo):
    runs = load(demo).runs()
    assert len(runs) == len(set(runs)) == 3 * 33
    assert load(demo).missing_sources() == []
    assert load(demo).unbuilt(load(demo).used_datasets(), {run.model for run in runs}) == []


def test_interventions_without_strength_or_seed_occur_once(demo):
    runs = [run for run in load(demo).runs() if run.model == "cue-tiny"]
    assert [run.condition for run in runs if run.intervention in ("none", "correct", "conflict")] == [
        ("none", "0", "0"),
        ("correct", "0", "0"),
        ("conflict", "0", "0"),
    ]
    assert {(run.p, run.seed) for run in runs if run.intervention == "shuffle"} == {("0", str(seed)) for seed in range(5)}
    assert sum(run.intervention == "corrupt" for run in runs) == 25


def test_paper_has_every_cell_of_tables_two_and_three():
    paper = load(shipped("paper"))
    cells = {(run.dataset, run.split, run.model) for run in paper.runs()}
    published = [line.split(",")[1:4] for line in (ROOT / "resources/published.csv").read_text().splitlines()[1:]]
    assert {tuple(cell) for cell in published} <= cells
    assert [line.split(" is ")[0] for line in paper.missing_sources()] == ["datasets.aibo.root", "datasets.iemocap.root"]
    assert paper.unbuilt(paper.used_datasets(), []) == []
    assert paper.unbuilt([], dict.fromkeys(run.model for run in paper.runs())) == []


def test_strength_keeps_its_text(demo):
    values = copy.deepcopy(demo)
    values["grid"][0]["p"] = [0.1, 0.30, "0.70", 1]
    assert load(values).grid[0].p == ["0.1", "0.3", "0.70", "1.0"]


MISTAKES = {
    "p above 1": (("grid", 0, "p"), [1.5], "grid[0].p[0]: 1.5 lies outside of 0 to 1"),
    "p not a number": (("grid", 0, "p"), ["high"], "grid[0].p[0]: 'high' is not a number"),
    "p a truth value": (("grid", 0, "p"), [True], "grid[0].p[0]: must be a number"),
    "unknown model": (("grid", 0, "models"), ["af4"], "grid[0].models: unknown model 'af4'; known: af3, "),
    "unknown dataset": (("grid", 0, "dataset"), "crema", "grid[0].dataset: unknown dataset 'crema'; known: aibo, emosynth"),
    "unknown split": (("grid", 0, "splits"), ["dev"], "grid[0].splits: unknown split 'dev'; known: test, train"),
    "unknown intervention": (("grid", 0, "interventions"), ["swap"], "grid[0].interventions: unknown intervention 'swap'; known: conflict"),
    "doubled condition": (("grid", 0, "seeds"), [1, 1], "shuffle/p0/seed1 occurs more than once"),
    "same strength twice": (("grid", 0, "p"), [0.5, "0.50"], "occurs more than once"),
    "negative seed": (("grid", 0, "seeds"), [-1], "grid[0].seeds[0]: Input should be greater than or equal to 0"),
    "empty grid": (("grid",), [], "grid: List should have at least 1 item"),
    "unknown key": (("grid", 0, "shards"), 3, "grid[0].shards: unknown key; known: dataset, splits, models"),
    "unknown key at the top": (("seed",), 3, "seed: unknown key; known: grid, datasets, models"),
    "unknown model key": (("models", "cue-tiny", "revison"), "x", "models.cue-tiny.revison: unknown key; known: title"),
    "id with an underscore": (("datasets", "my_corpus"), {}, "datasets.my_corpus"),
    "hub id without revision": (("models", "af3", "revision"), None, "models.af3: hub_id needs a pinned revision"),
    "model without source": (("models", "clap-msclap", "path"), None, "models.clap-msclap: needs a path or a hub_id"),
    "unknown prompt": (("models", "af3", "prompt"), "mood", "models.af3.prompt: unknown prompt 'mood'; known: emotion"),
    "training on nothing": (("models", "cue-tiny", "training", "dataset"), "x", "models.cue-tiny.training.dataset: unknown dataset 'x'"),
    "instruction without labels": (("prompts", "emotion"), "How?", "prompts.emotion: must contain {labels} once"),
    "instruction for a contrastive model": (
        ("models", "paraclap", "prompt"),
        "emotion",
        "models.paraclap.prompt: a model of the group contrastive needs a caption, with {label}; 'emotion' is none",
    ),
    "caption for a language model": (
        ("models", "af3", "prompt"),
        "feeling",
        "models.af3.prompt: a model of the group zero-shot needs an instruction, with {labels}; 'feeling' is none",
    ),
    "caption of two lines": (("prompts", "feeling"), "{label}\n!", "prompts.feeling: must be a single line"),
    "cue captions of a language model": (("models", "af3", "cue_captions"), True, "cue_captions: only a contrastive model has captions"),
    "cues for a contrastive model": (
        ("grid", 0, "models"),
        ["paraclap"],
        "grid[0]: paraclap reads captions without cues; its only intervention is none, or set cue_captions: true",
    ),
    "cue block with a concept missing": (("cue_block",), "{ENERGY}", "cue_block: must name each of ENERGY, PITCH"),
    "cue block with a stray brace": (("cue_block",), "{ENERGY", "cue_block: braces do not match"),
    "word for two labels": (("answers", "sad", "synonyms"), ["happy"], "answers: 'happy' stands for both 'happy' and 'sad'"),
    "label without a word": (("datasets", "aibo", "labels"), ["angry", "bored"], "bored"),
    "label map to nowhere": (("datasets", "iemocap", "label_map"), {"exc": "excited"}, "datasets.iemocap: label_map leads to excited"),
    "label twice": (("datasets", "emosynth", "labels"), ["sad", "sad"], "datasets.emosynth: labels: a label is listed twice"),
    "fit on nothing": (("datasets", "emosynth", "tokens", "fit_on"), "dev", "datasets.emosynth: tokens.fit_on: unknown split 'dev'"),
    "gender edges of energy": (("datasets", "emosynth", "tokens", "gender_specific"), ["ENERGY"], "gender_specific[0]: Input should be"),
    "unknown table": (("tables",), ["tokens"], "tables: unknown table 'tokens'; known: aibo, concepts"),
    "unknown figure": (("figures",), {"roc": "study"}, "figures: unknown figure 'roc'; known: confusions"),
    "options of nothing": (("intervention_options",), {"swap": {}}, "intervention_options: unknown intervention 'swap'"),
    "no seeds": (("grid", 0, "seeds"), [], "grid[0].seeds: List should have at least 1 item"),
    "revision that is a branch": (("models", "af3", "revision"), "main", "models.af3.revision: String should match pattern"),
    "trained model elsewhere": (("models", "cue-tiny", "path"), "results/models/other", "models.cue-tiny.path: a model that is trained"),
    "option of nothing": (
        ("intervention_options",),
        {"conflict": {"voice": {}}},
        "intervention_options.conflict: unknown option 'voice'; known: voice_quality",
    ),
    "label that is INVALID": (("datasets", "emosynth", "labels"), ["sad", "INVALID"], "labels: INVALID stands for"),
    "path with braces": (("datasets", "emosynth", "root"), "/data/{x}", "/data/{x}: a path must not contain braces"),
    "tested on what it was trained on": (
        ("grid", 0, "splits"),
        ["train"],
        "models.cue-tiny.training: the model is trained on utterances of emosynth that the grid tests it on (split 'train')",
    ),
    "column and value": (
        ("datasets", "emosynth", "columns", "speaker"),
        {"column": "a", "value": "b"},
        "datasets.emosynth.columns.speaker: needs either a column or a value",
    ),
    "pattern without column": (
        ("datasets", "emosynth", "columns", "speaker"),
        {"value": "b", "pattern": "x"},
        "a pattern or a map needs a column",
    ),
    "broken pattern": (
        ("datasets", "emosynth", "columns", "speaker"),
        {"column": "a", "pattern": "("},
        "pattern '(' is no regular expression",
    ),
    "path with braces in a list": (("datasets", "emosynth", "manifest"), {"test": ["/data/{x}.csv"]}, "/data/{x}.csv: a path must not"),
    "unknown way with bad audio": (("datasets", "emosynth", "on_bad_audio"), "ignore", "Input should be 'error' or 'exclude'"),
    "limit of nothing": (("grid", 0, "limit"), 0, "grid[0].limit: Input should be greater than or equal to 1"),
    "wrong type": (("statistics", "resamples"), "many", "statistics.resamples: Input should be a valid integer"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gives_a_clear_line(demo, mistake):
    path, value, message = MISTAKES[mistake]
    values = copy.deepcopy(demo)
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ConfigError) as error:
        load(values)
    assert message in str(error.value)
    assert all(line.startswith("config: ") for line in str(error.value).splitlines())


def test_all_mistakes_are_reported_together(demo):
    values = copy.deepcopy(demo)
    values["grid"][0]["p"] = [2]
    values["models"]["af3"]["dtype"] = "int8"
    with pytest.raises(ConfigError) as error:
        load(values)
    assert len(str(error.value).splitlines()) == 2


def test_wrong_names_are_reported_together(demo):
    values = copy.deepcopy(demo)
    values["grid"][0] |= {"models": ["x"], "interventions": ["y"], "splits": ["z"]}
    with pytest.raises(ConfigError) as error:
        load(values)
    assert len(str(error.value).splitlines()) == 3


def test_a_checkpoint_that_is_not_there_is_named(demo):
    values = copy.deepcopy(demo)
    values["grid"][0] = {"dataset": "emosynth", "splits": ["test"], "models": ["paraclap"], "interventions": ["none"]}
    assert load(values).missing_checkpoints(["paraclap", "cue-tiny", "af3"]) == [
        "models.paraclap.path: there is no folder checkpoints/paraclap"
    ]


def test_a_figure_can_be_left_out(demo):
    values = copy.deepcopy(demo)
    values["figures"]["grounding"] = None
    assert load(values).figures["grounding"] is None


def test_a_user_config_needs_only_what_differs(demo):
    mine = {
        "grid": [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none"]}],
        "datasets": {
            "mine": {"title": "Mine", "licence": "x", "reader": "manifest", "labels": ["sad", "angry"], "splits": ["test", "train"]}
        },
        "models": {"listener-cues": {"training": {"dataset": "mine"}}},
    }
    settings = load(merge(copy.deepcopy(demo), mine))
    assert settings.runs() == [GridRun("mine", "test", "listener-cues", "none", "0", "0")]
    assert settings.models["listener-cues"].training.options == {"hears": "cues"}
    assert settings.missing_sources() == ["datasets.mine.manifest is not set: give the location of Mine there"]


def test_a_backend_that_is_not_included_is_named():
    with pytest.raises(
        ModelError,
        match=r"model 'm' needs the backend 'wav9', which this version does not include \(included: audio_flamingo_3, .*qwen3_omni\)",
    ):
        backends.module("wav9", "m")


def test_default_of_the_voice_quality_map_is_the_configs(demo):
    from cuealign.interventions.conflict import VOICE_QUALITY

    assert demo["intervention_options"]["conflict"]["voice_quality"] == VOICE_QUALITY
    assert interventions.get("conflict").name == "conflict"


def test_wildcard_matches_exactly_its_values():
    import re

    pattern = wildcard(["0.2", "0.25", "a"])
    assert all(re.fullmatch(pattern, value) for value in ("0.2", "0.25", "a"))
    assert not any(re.fullmatch(pattern, value) for value in ("012", "0.", "b", ""))
    assert not re.fullmatch(wildcard([]), "")


def test_schema_and_reference_agree_with_the_code():
    assert (ROOT / "config/schema.json").read_text(encoding="utf-8") == reference.schema(), "run `make docs`"
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    assert reference.insert(readme, reference.reference()) == readme, "run `make docs`"
    json.loads(reference.schema())


def test_reference_is_written_where_it_belongs(tmp_path):
    (tmp_path / "README.md").write_text(f"before\n{reference.BEGIN}\nstale words\n{reference.END}\nafter\n")
    reference.main(tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale words" not in text
    assert "`gender_specific`" in text


def test_config_in_the_readme_is_valid(demo):
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    example = readme.split("```yaml\n")[1].split("```")[0]
    assert len(load(merge(copy.deepcopy(demo), yaml.safe_load(example))).runs()) == 2 * (3 + 3 + 6)


def test_two_limits_of_one_cell_are_refused(demo):
    values = copy.deepcopy(demo)
    values["grid"] = [values["grid"][0] | {"interventions": ["none"]}, values["grid"][0] | {"interventions": ["correct"], "limit": 20}]
    with pytest.raises(ConfigError, match=r"grid\[1\]\.limit: emosynth/test/cue-tiny has another limit in an earlier block"):
        load(values)
    values["grid"][0]["limit"] = 20
    assert load(values).limit("emosynth", "test", "cue-tiny") == 20


def test_examples_in_the_docs_are_valid(demo):
    models = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    corpora = (ROOT / "docs/corpora.md").read_text(encoding="utf-8")
    tried = load(merge(copy.deepcopy(demo), yaml.safe_load(models.split("```yaml\n")[1].split("```")[0])))
    assert tried.limit("ravdess", "test", "af3") == 20
    emodb = yaml.safe_load(corpora.split("```yaml\n")[1].split("```")[0])
    assert load(merge(copy.deepcopy(demo), emodb)).datasets["emodb"].reader == "audformat"
    given = {"title": "t", "licence": "l", "labels": ["sad", "angry"], "splits": ["train", "test"]}
    for part in corpora.split("```yaml\n")[2:]:
        example = yaml.safe_load(part.split("```")[0])
        for entry in [{"reader": "manifest", **example}] if "columns" in example else example.values():
            load(merge(copy.deepcopy(demo), {"datasets": {"mine": given | entry}}))
