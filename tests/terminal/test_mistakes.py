"""Mistakes of users in Snakemake's messages: the lines that help, and no others."""

import json

import pytest

from cuealign.terminal.mistakes import clear_lines
from tests.support.workflow import snakemake

IN_A_FUNCTION = """\
InputFunctionException in rule read_corpus in file "/w/corpora.smk", line 26:
Error:
  ConfigError: dataset a: A: no label file is here
  set root to the folder of the corpus
Wildcards:
  dataset=a
Traceback:
  File "/w/common.smk", line 176, in corpus_sources"""


def test_a_mistake_in_a_function_of_a_rule_is_told_without_what_surrounds_it():
    assert clear_lines(IN_A_FUNCTION) == "dataset a: A: no label file is here\n  set root to the folder of the corpus"


@pytest.mark.parametrize(
    "message",
    [
        IN_A_FUNCTION.replace("ConfigError", "KeyError"),
        "MissingInputException in rule audit_audio in file x, line 1:\nMissing input files for rule audit_audio:\n    affected files:\n  a",
        "Error in rule read_corpus:\n    ConfigError: a\n",
    ],
)
def test_other_messages_stay_as_they_are(message):
    assert clear_lines(message) is None


def mine(**where) -> str:
    about = {"title": "Mine", "licence": "none", "labels": ["angry", "sad"], "splits": ["train", "test"]}
    return f"datasets={json.dumps({'mine': about | where})}"


GRID = "grid=" + json.dumps([{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none", "correct"]}])


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            {"reader": "manifest", "manifest": "lost.csv"},
            "datasets.mine.manifest: there is no file lost.csv, and no rule makes it; correct the path there",
        ),
        (
            {"reader": "filenames", "root": "lost", "options": {"files": r"(?P<speaker>\d+)_(?P<label>[as])_(?P<split>train|test)\.wav"}},
            "datasets.mine.root: there is no folder lost; give the location of Mine there",
        ),
        (
            {"reader": "iemocap", "root": "."},
            "dataset mine: .: IEMOCAP is not here",
        ),
    ],
)
def test_what_is_not_there_is_named_with_its_key(tmp_path, where, said):
    dry = snakemake(tmp_path, "-n", "--config", mine(**where), GRID, configfile=None)
    assert dry.returncode != 0
    assert said in dry.stderr + dry.stdout
    assert "Traceback" not in dry.stderr
    assert "Exception" not in dry.stderr
