"""Every mistake in a config gives one line that names the key, what is wrong and what is allowed."""

import copy
import datetime
from pathlib import Path

import pytest

from cuealign.config.loading import load
from cuealign.core.errors import ConfigError
from tests.support.config import shipped


@pytest.fixture(scope="module")
def demo() -> dict:
    return shipped()


MISTAKES = {
    "p above 1": (("grid", 0, "p"), [1.5], "grid[0].p[0]: 1.5 lies outside of 0 to 1"),
    "p in other digits": (("grid", 0, "p"), ["0.5", "٠.٥"], "grid[0].p[1]: '٠.٥' is not written in plain digits 0 to 9"),
    "p in wide digits": (("grid", 0, "p"), ["０.３"], "grid[0].p[0]: '０.３' is not written in plain digits 0 to 9"),
    "p with an underscore": (("grid", 0, "p"), ["0_1.0"], "grid[0].p[0]: '0_1.0' is not written in plain digits 0 to 9"),
    "whole number with an underscore": (("statistics",), {"resamples": "1_000"}, "statistics.resamples: '1_000' is not written in plain"),
    "whole number in other digits": (("models", "af3", "threads"), "٣", "models.af3.threads: '٣' is not written in plain digits 0 to 9"),
    "seed with an underscore": (("grid", 0, "seeds"), ["1", "2_0"], "grid[0].seeds[1]: '2_0' is not written in plain digits 0 to 9"),
    "number of a device with an underscore": (
        ("models", "af3", "seconds_per_utterance"),
        {"H200": "0_1.5"},
        "models.af3.seconds_per_utterance.H200: '0_1.5' is not written in plain digits 0 to 9",
    ),
    "option of a recipe in other digits": (
        ("models", "cue-tiny", "training", "options"),
        {"epochs": "٣"},
        "models.cue-tiny.training.options.epochs: '٣' is not written in plain digits 0 to 9",
    ),
    "item of an option with an underscore": (
        ("models", "cue-tiny", "training", "options"),
        {"mix": ["0.5", "0.2_5", "0.25"]},
        "models.cue-tiny.training.options.mix[1]: '0.2_5' is not written in plain digits 0 to 9",
    ),
    "option of a figure in other digits": (
        ("figures",),
        {"confusions": {"annotate_from": "٠.٥"}},
        "figures.confusions.annotate_from: '٠.٥' is not written in plain digits 0 to 9",
    ),
    "negative share": (
        ("models", "cue-tiny", "training", "options"),
        {"mix": [1, -1, 1]},
        "models.cue-tiny.training.options.mix: a share must not be negative, but the one with index 1 is -1",
    ),
    "manifest without a path": (
        ("datasets", "emosynth", "manifest"),
        "",
        "config: datasets.emosynth.manifest: is empty; write a path, or leave the key out",
    ),
    "manifest that is a list": (
        ("datasets", "emosynth", "manifest"),
        [],
        "config: datasets.emosynth.manifest: must be a path, or a mapping of splits to a path or a list of paths each, but is []",
    ),
    "manifest without splits": (
        ("datasets", "emosynth", "manifest"),
        {},
        "config: datasets.emosynth.manifest: needs a number of items of at least 1, but is {}",
    ),
    "split without tables": (
        ("datasets", "emosynth", "manifest"),
        {"train": "a.csv", "test": []},
        "config: datasets.emosynth.manifest.test: needs a number of items of at least 1, but is []",
    ),
    "split with an empty path": (
        ("datasets", "emosynth", "manifest"),
        {"test": ["a.csv", ""]},
        "config: datasets.emosynth.manifest.test[1]: is empty; write a path, or leave the key out",
    ),
    "number for the tables of a split": (
        ("datasets", "emosynth", "manifest"),
        {"test": 3},
        "config: datasets.emosynth.manifest.test: must be a path or a list of paths, but is the number 3",
    ),
    "p not a number": (("grid", 0, "p"), ["high"], "grid[0].p[0]: 'high' is not a number"),
    "p a truth value": (("grid", 0, "p"), [True], "grid[0].p[0]: must be a number"),
    "unknown model": (("grid", 0, "models"), ["af4"], "grid[0].models: unknown model 'af4', did you mean 'af3'?; known: af3, "),
    "unknown dataset": (("grid", 0, "dataset"), "crema", "grid[0].dataset: unknown dataset 'crema'; known: aibo, emosynth"),
    "unknown split": (("grid", 0, "splits"), ["dev"], "grid[0].splits: unknown split 'dev'; known: test, train"),
    "unknown intervention": (("grid", 0, "interventions"), ["swap"], "grid[0].interventions: unknown intervention 'swap'; known: blank"),
    "doubled condition": (("grid", 0, "seeds"), [1, 1], "shuffle/p0/seed1 occurs more than once"),
    "same strength twice": (("grid", 0, "p"), [0.5, "0.50"], "occurs more than once"),
    "negative seed": (("grid", 0, "seeds"), [-1], "grid[0].seeds[0]: must be at least 0, but is the number -1"),
    "empty grid": (("grid",), [], "grid: needs a number of items of at least 1, but is []"),
    "unknown key": (("grid", 0, "shards"), 3, "grid[0].shards: unknown key; known: dataset, splits, models"),
    "unknown key at the top": (("seed",), 3, "seed: unknown key; known: grid, datasets, models"),
    "unknown model key": (
        ("models", "cue-tiny", "revison"),
        "x",
        "models.cue-tiny.revison: unknown key, did you mean 'revision'?; known: title",
    ),
    "id with an underscore": (
        ("datasets", "my_corpus"),
        {},
        "datasets.my_corpus: an id consists of lower-case letters, digits and single hyphens",
    ),
    "hub id without revision": (("models", "af3", "revision"), None, "models.af3: hub_id needs a pinned revision"),
    "model without source": (("models", "clap-msclap", "path"), None, "models.clap-msclap: needs a path or a hub_id"),
    "unknown prompt": (("models", "af3", "prompt"), "mood", "models.af3.prompt: unknown prompt 'mood'; known: emotion"),
    "training on nothing": (("models", "cue-tiny", "training", "dataset"), "x", "models.cue-tiny.training.dataset: unknown dataset 'x'"),
    "instruction without labels": (("prompts", "emotion"), "How?", "prompts.emotion: must contain {labels} once"),
    "instruction for a contrastive model": (
        ("models", "paraclap", "prompt"),
        "emotion",
        "models.paraclap.prompt: a model of the kind contrastive needs a caption, with {label}, but 'emotion' is not one",
    ),
    "caption for a language model": (
        ("models", "af3", "prompt"),
        "feeling",
        "models.af3.prompt: a model of the kind alm needs an instruction, with {labels}, but 'feeling' is not one",
    ),
    "caption of two lines": (("prompts", "feeling"), "{label}\n!", "prompts.feeling: must be a single line"),
    "words of an instruction": (
        ("prompts", "emotion"),
        {"text": "{labels}?", "words": {"sad": "sadness"}},
        "prompts.emotion: only captions, with {label}, have words of their own; set datasets.<id>.answers for an instruction",
    ),
    "word for a label that is not there": (
        ("prompts", "feeling-paraclap", "words"),
        {"angri": "anger"},
        "prompts.feeling-paraclap.words: unknown label 'angri', did you mean 'angry'?",
    ),
    "unreadable word of a caption": (
        ("prompts", "feeling-paraclap", "words"),
        {"angry": "..."},
        "prompts.feeling-paraclap.words.angry: '...' contains no letter or digit",
    ),
    "key beside a caption": (
        ("prompts", "feeling-paraclap"),
        {"text": "{label}", "word": "x"},
        "prompts.feeling-paraclap.word: unknown key, did you mean 'words'?; known: text, words",
    ),
    "cue captions of a language model": (("models", "af3", "cue_captions"), True, "cue_captions: only a contrastive model has captions"),
    "cues for a contrastive model": (
        ("grid", 0, "models"),
        ["paraclap"],
        "grid[0]: paraclap reads captions without cues: set interventions: [none], or cue_captions: true for the model",
    ),
    "cue block with a concept missing": (("cue_block",), "{ENERGY}", "cue_block: must contain each of ENERGY, PITCH"),
    "cue block with a stray brace": (("cue_block",), "{ENERGY", "cue_block: braces do not match"),
    "word for two labels": (
        ("answers", "sad", "synonyms"),
        ["happy"],
        "answers: 'happy' stands for both 'happy' and 'sad' (on emosynth, iemocap, ravdess)",
    ),
    "word for two labels of a corpus": (
        ("datasets", "aibo", "answers", "rest"),
        {"word": "rest", "synonyms": ["joyful"]},
        "answers: 'joyful' stands for both 'positive' and 'rest' (on aibo)",
    ),
    "words of another label": (
        ("datasets", "iemocap", "answers"),
        {"calm": {"word": "calm"}},
        "datasets.iemocap: answers: 'calm' is not among the labels angry, happy, neutral, sad",
    ),
    "label without a word": (("datasets", "aibo", "labels"), ["angry", "bored"], "bored"),
    "label map to nowhere": (("datasets", "iemocap", "label_map"), {"exc": "excited"}, "datasets.iemocap: label_map leads to excited"),
    "label twice": (("datasets", "emosynth", "labels"), ["sad", "sad"], "datasets.emosynth: labels: a label is listed twice"),
    "fit on nothing": (("datasets", "emosynth", "tokens", "fit_on"), "dev", "datasets.emosynth: tokens.fit_on: unknown split 'dev'"),
    "gender edges of energy": (
        ("datasets", "emosynth", "tokens", "gender_specific"),
        ["ENERGY"],
        "datasets.emosynth.tokens.gender_specific[0]: is 'ENERGY', but must be PITCH or FORMANTS",
    ),
    "unknown table": (("tables",), ["tokens"], "tables: unknown table 'tokens'; known: aibo, blocks, checks, concepts"),
    "unknown figure": (("figures",), {"roc": "study"}, "figures: unknown figure 'roc'; known: confusions"),
    "options of nothing": (("intervention_options",), {"swap": {}}, "intervention_options: unknown intervention 'swap'"),
    "no seeds": (("grid", 0, "seeds"), [], "grid[0].seeds: needs a number of items of at least 1"),
    "revision that is a branch": (("models", "af3", "revision"), "main", "models.af3.revision: is 'main'; wanted: Commit of the hub id"),
    "trained model elsewhere": (
        ("models", "cue-tiny", "path"),
        "results/models/other",
        "models.cue-tiny.path: a model that the workflow trains",
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
    "unknown way with bad audio": (
        ("datasets", "emosynth", "on_bad_audio"),
        "ignore",
        "datasets.emosynth.on_bad_audio: is 'ignore', but must be error or exclude",
    ),
    "limit of nothing": (("grid", 0, "limit"), 0, "grid[0].limit: must be at least 1, but is the number 0"),
    "wrong type": (("statistics",), {"resamples": "many"}, "statistics.resamples: must be a whole number, but is 'many'"),
    # Options of plug-ins, each by its own model.
    "option of a backend": (("models", "af3", "options"), {"bogus": 1}, "models.af3.options.bogus: unknown key; known: none"),
    "misspelt choice of a backend": (
        ("models", "clap-laion", "options"),
        {"crop": "cenrte"},
        "models.clap-laion.options.crop: is 'cenrte', but must be centre or tiled, did you mean 'centre'?",
    ),
    "misspelt option of a recipe": (
        ("models", "cue-tiny", "training", "options"),
        {"epochz": 3},
        "models.cue-tiny.training.options.epochz: unknown key, did you mean 'epochs'?; known: seed, epochs",
    ),
    "misspelt choice of a recipe": (
        ("models", "listener-audio", "training", "options"),
        {"hears": "adio"},
        "models.listener-audio.training.options.hears: is 'adio', but must be audio or cues, did you mean 'audio'?",
    ),
    "shares that do not sum to 1": (
        ("models", "cue-tiny", "training", "options"),
        {"mix": [0.5, 1.0, 0.5]},
        "models.cue-tiny.training.options.mix: shares must sum to 1, but sum to 2",
    ),
    "unknown recipe": (
        ("models", "cue-tiny", "training", "recipe"),
        "cue_tyni",
        "models.cue-tiny.training.recipe: unknown recipe 'cue_tyni', did you mean 'cue_tiny'?; known: cue_tiny, listener",
    ),
    "option of a reader": (("datasets", "aibo", "options"), {"bogus": 1}, "datasets.aibo.options.bogus: unknown key; known: dev_speakers"),
    "unknown reader": (("datasets", "aibo", "reader"), "abio", "datasets.aibo.reader: unknown reader 'abio', did you mean 'aibo'?"),
    "unknown backend": (
        ("models", "af3", "backend"),
        "audio_flamingo",
        "models.af3.backend: unknown backend 'audio_flamingo', did you mean 'audio_flamingo_3'?",
    ),
    "option of an intervention": (
        ("intervention_options",),
        {"conflict": {"voice": {}}},
        "intervention_options.conflict.voice: unknown key, did you mean 'voice_quality'?; known: voice_quality",
    ),
    "incomplete map of an intervention": (
        ("intervention_options",),
        {"conflict": {"voice_quality": {"MODAL": "ROUGH"}}},
        "intervention_options.conflict.voice_quality: must map each of MODAL, BREATHY, PRESSED, ROUGH, CREAKY to one of them",
    ),
    "option of an analysis": (("analyses",), {"trend": {"x": 1}}, "analyses.trend.x: unknown key; known: none"),
    "unknown analysis": (("analyses",), ["conditions", "trent"], "analyses: unknown analysis 'trent', did you mean 'trend'?"),
    "analysis that a table needs": (("analyses",), {"trend": None}, "tables.interventions: needs the analyses trend; add them to analyses"),
    "option of a table": (("tables",), {"uar": {"digits": 2}}, "tables.uar.digits: unknown key; known: none"),
    "option of a figure": (
        ("figures",),
        {"confusions": {"scope": "model", "annotate": 0.1}},
        "figures.confusions.annotate: unknown key, did you mean 'annotate_from'?; known: annotate_from",
    ),
    "width that a figure cannot fill": (
        ("figures",),
        {"reading": {"width": 1}},
        "figures.reading.width: is 1, but this figure needs 2 columns",
    ),
    "scope that a figure cannot show": (("figures",), {"tokens": "model"}, "figures.tokens: cannot show a model; its scope is dataset"),
    "scope of nothing": (
        ("figures",),
        {"tokens": "speaker"},
        "figures.tokens.scope: is 'speaker', but must be study, dataset, split or model",
    ),
    # Values that were taken as something else.
    "memory in bananas": (
        ("models", "af3", "memory"),
        "40 bananas",
        "models.af3.memory: is '40 bananas'; wanted: Main memory of the job, such as",
    ),
    "device that is no device": (("models", "af3", "device"), "gpu", "models.af3.device: is 'gpu'; wanted: torch device: `cpu`, `cuda`"),
    "time without a unit": (("models", "af3", "runtime"), "12", "models.af3.runtime: is '12'; wanted: Time limit of the job"),
    "kind that the backend does not run": (
        ("models", "paraclap", "kind"),
        "control",
        "models.paraclap.kind: is 'control', but the backend paraclap runs a model of the kind 'contrastive'",
    ),
    "renamed key": (("models", "af3", "pack_tokens"), 8192, "models.af3.pack_tokens: is called batch_tokens now"),
    "key that became two": (
        ("models", "af3", "group"),
        "zero-shot",
        "models.af3.group: is called heading now; say by kind what the model is",
    ),
    "number for an id": (
        ("datasets", "emosynth", "splits"),
        {"train": [8], "test": ["test"]},
        "datasets.emosynth.splits.train[0]: must be text, but is the number 8; write it in quotation marks ('8')",
    ),
    "null as text where a value is needed": (
        ("datasets", "emosynth", "title"),
        "null",
        "datasets.emosynth: title: is 'null', but needs a value; leave the key out for its default",
    ),
    "analysis with the name of a file that is made anyway": (
        ("analyses",),
        {"speakers": {}},
        "analyses.speakers: the workflow makes a file of that name itself; give the analysis another name",
    ),
    "mixture without calibration": (
        ("models", "mixture-25", "training", "calibration_split"),
        None,
        "models.mixture-25.training.calibration_split: is missing; the recipe 'mixture' calibrates on a split",
    ),
    "calibration of what does not calibrate": (
        ("models", "listener-cues", "training", "calibration_split"),
        "test",
        "models.listener-cues.training.calibration_split: the recipe 'listener' does not calibrate; leave it out",
    ),
    "unknown split to calibrate on": (
        ("models", "mixture-25", "training", "calibration_split"),
        "tests",
        "models.mixture-25.training.calibration_split: unknown split 'tests'",
    ),
    "title of another model": (
        ("models", "listener-cues", "title"),
        "Listener (audio)\n",
        "models.listener-cues.title: 'Listener (audio)' is the title of listener-audio too; tables need titles of their own",
    ),
    "title of white space": (
        ("models", "cue-tiny", "title"),
        " \n",
        "models.cue-tiny.title: is empty, or nobody sees what it holds; write a text",
    ),
    "control character in a title": (
        ("datasets", "emosynth", "title"),
        "a\x1b[31m",
        "datasets.emosynth.title: contains U+001B (a control character), which nobody sees; take it out",
    ),
    "label with a line break": (("datasets", "emosynth", "labels"), ["sad", "very\nsad"], "labels[1]: 'very\\nsad' contains a line break"),
    "empty path": (("datasets", "emosynth", "root"), "", "datasets.emosynth.root: is empty; write a path, or leave the key out"),
    "home of nobody": (
        ("models", "af3", "path"),
        "~nobody-of-that-name/af3",
        "models.af3.path: '~nobody-of-that-name/af3': there is no home folder for '~nobody-of-that-name'; write the whole path",
    ),
    "no memory": (("models", "af3", "memory"), "0GB", "models.af3.memory: is '0GB', but must be at least 1MB"),
    "hardly any memory": (("models", "af3", "memory"), "0.0001GB", "models.af3.memory: is '0.0001GB', but must be at least 1MB"),
    "memory in other digits": (("models", "af3", "memory"), "٤GB", "models.af3.memory: is '٤GB'; wanted: Main memory of the job"),
    "memory with an underscore": (("models", "af3", "memory"), "4_0GB", "models.af3.memory: is '4_0GB'; wanted: Main memory"),
    "memory with a line break": (("models", "af3", "memory"), "4GB\n", "models.af3.memory: is '4GB\\n'; wanted: Main memory"),
    "memory in a word": (("models", "af3", "memory"), "4 gigabytes", "models.af3.memory: is '4 gigabytes'; wanted: Main memory"),
    "no time": (("models", "af3", "runtime"), "0h", "models.af3.runtime: is '0h', but must be at least 1m"),
    "time in a word": (("models", "af3", "runtime"), "1 hour", "models.af3.runtime: is '1 hour'; wanted: Time limit of the job"),
    "device in other digits": (("models", "af3", "device"), "cuda:١", "models.af3.device: is 'cuda:١'; wanted: torch device"),
    "infinite seconds": (
        ("models", "af3", "seconds_per_utterance"),
        float("inf"),
        "models.af3.seconds_per_utterance: must be a finite number, but is the number inf",
    ),
    "infinite seconds of a device": (
        ("models", "af3", "seconds_per_utterance"),
        {"H200": float("inf")},
        "models.af3.seconds_per_utterance.H200: must be a finite number, but is the number inf",
    ),
    "seconds in words": (
        ("models", "af3", "seconds_per_utterance"),
        "few",
        "models.af3.seconds_per_utterance: must be a number, but is 'few'",
    ),
    "truth value as a number": (("models", "af3", "threads"), True, "models.af3: threads: must be a number, but is True"),
    "truth value as a seed": (("grid", 0, "seeds"), [True], "grid[0]: seeds: must be a number, but is [True]"),
    "number of too many digits": (("statistics",), {"seed": 2**64}, "statistics: seed: is a number of too many digits"),
    "more shards than anybody has": (("models", "af3", "shards"), 10**9, "models.af3.shards: must be at most 10000"),
    "truth value as text": (
        ("datasets", "emosynth", "label_map"),
        {"x": False},
        "datasets.emosynth.label_map.x: must be text, but is False; write it in quotation marks: YAML reads yes, no, on and off as",
    ),
    "date as text": (
        ("datasets", "emosynth", "splits"),
        {"train": [datetime.date(2020, 1, 31)], "test": ["test"]},
        "splits.train[0]: must be text, but is datetime.date(2020, 1, 31); write it in quotation marks ('2020-01-31')",
    ),
    "pattern that is too large": (
        ("datasets", "emosynth", "columns", "speaker"),
        {"column": "a", "pattern": "a{99999999999}"},
        "pattern 'a{99999999999}' is no regular expression",
    ),
    "null for a table that there is not": (("tables",), {"blokcs": None}, "tables: unknown table 'blokcs', did you mean 'blocks'?"),
    "lists in a list of splits": (("datasets", "emosynth", "splits"), [["train"]], "datasets.emosynth.splits: must be a mapping"),
    "lists in a list of tables": (("tables",), [["uar"]], "tables: must be a list of names, or a mapping of names to options"),
    "key that nobody sees": (("models", "af3", "\u202e"), 1, "models.af3.\\u202e: unknown key"),
    "table twice": (("tables",), ["uar", "uar"], "tables: 'uar' is listed twice"),
    "p that is no number at all": (("grid", 0, "p"), [float("nan")], "grid[0].p[0]: nan lies outside of 0 to 1"),
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


def test_all_wrong_values_are_reported_together(demo):
    values = copy.deepcopy(demo)
    values["grid"][0]["p"] = [2]
    values["models"]["af3"]["dtype"] = "int8"
    with pytest.raises(ConfigError) as error:
        load(values)
    assert len(str(error.value).splitlines()) == 2


def test_all_wrong_names_are_reported_together(demo):
    values = copy.deepcopy(demo)
    values["grid"][0] |= {"models": ["x"], "interventions": ["y"], "splits": ["z"]}
    with pytest.raises(ConfigError) as error:
        load(values)
    assert len(str(error.value).splitlines()) == 3


def test_two_limits_of_one_experiment_are_refused(demo):
    values = copy.deepcopy(demo)
    values["grid"] = [values["grid"][0] | {"interventions": ["none"]}, values["grid"][0] | {"interventions": ["correct"], "limit": 20}]
    with pytest.raises(ConfigError, match=r"grid\[1\]\.limit: emosynth/test/cue-tiny has another limit in an earlier entry"):
        load(values)


def test_captions_that_are_the_same_for_two_labels_are_refused(demo):
    values = copy.deepcopy(demo)
    values["grid"][0] |= {"models": ["paraclap"], "interventions": ["none"]}
    values["models"]["paraclap"]["prompt"] = "feeling-paraclap"
    load(values)
    values["prompts"]["feeling-paraclap"] = {"text": "feeling {label}", "words": {"angry": "Sad"}}
    message = r"grid\[0\]: paraclap has the same caption for angry and sad on emosynth \('sad'\); change prompts\.feeling-paraclap\.words"
    with pytest.raises(ConfigError, match=message):
        load(values)


def test_a_message_cuts_values_that_are_too_long_to_read(demo):
    values = copy.deepcopy(demo)
    values["statistics"] = {"resamples": "x" * 10_000}
    with pytest.raises(ConfigError) as error:
        load(values)
    assert len(str(error.value)) < 200


def test_line_breaks_of_titles_and_notes_become_spaces(demo):
    values = copy.deepcopy(demo)
    values["datasets"]["emosynth"] |= {"title": "My\ncorpus\n", "note": "One.\r\nTwo.\u2028Three.\n", "licence": "a\n\nb"}
    values["models"]["cue-tiny"] |= {"title": ">\n x", "heading": "two\x85lines", "training_data": {"A\nB": "source\n"}}
    settings = load(values)
    corpus, model = settings.datasets["emosynth"], settings.models["cue-tiny"]
    assert (corpus.title, corpus.note, corpus.licence) == ("My corpus", "One. Two. Three.", "a b")
    assert (model.title, model.heading, model.training_data) == ("> x", "two lines", {"A B": "source"})


def test_titles_of_what_the_grid_does_not_run_may_be_equal(demo):
    values = copy.deepcopy(demo)
    values["models"]["af3"]["title"] = values["models"]["cue-tiny"]["title"]
    load(values)


def test_a_tilde_is_the_home_folder_in_every_path(demo, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    values = copy.deepcopy(demo)
    values["datasets"]["emosynth"] |= {"root": "~/audio", "manifest": {"train": "~/a.csv", "test": ["~/b.csv", "c~.csv"]}}
    values["models"]["af3"]["path"] = "~/af3"
    settings = load(values)
    corpus = settings.datasets["emosynth"]
    assert corpus.root == "/home/somebody/audio"
    assert corpus.manifest_files() == ["/home/somebody/a.csv", "/home/somebody/b.csv", "c~.csv"]
    assert Path(settings.models["af3"].path) == Path("/home/somebody/af3")


@pytest.mark.parametrize("memory", ["1MB", "0.5 GB", "40GiB", "2TB", "1000kB"])
@pytest.mark.parametrize("runtime", ["1m", "90 min", "1.5h", "2d"])
def test_amounts_that_schedulers_understand_are_taken_as_they_are(demo, memory, runtime):
    values = copy.deepcopy(demo)
    values["models"]["af3"] |= {"memory": memory, "runtime": runtime}
    model = load(values).models["af3"]
    assert (model.memory, model.runtime) == (memory, runtime)


def test_a_choice_of_numbers_may_be_text(demo):
    values = copy.deepcopy(demo)
    values["models"]["clap-msclap-2022"]["options"]["version"] = "2022"
    assert load(values).models["clap-msclap-2022"].options["version"] == 2022
