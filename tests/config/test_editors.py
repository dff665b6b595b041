"""Editors know what may stand in a config file: each names the JSON schema, which takes parts of the whole config too."""

import json
import re

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.support import ROOT

SERVER_LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")
EXAMPLE = re.compile(r"```yaml\n(# (?:my|try)\.yaml.*?)```", re.DOTALL)
FILES = sorted((ROOT / "config").glob("*.yaml"))
PAGES = ("config/README.md", "docs/extending.md", "docs/models.md")


@pytest.fixture(scope="module")
def mistakes():
    """What an editor would mark in a text, by path."""
    schema = json.loads((ROOT / "config/schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    return lambda text: {".".join(map(str, error.absolute_path)): error.message for error in validator.iter_errors(yaml.safe_load(text))}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_config_file_names_the_schema_and_has_no_mistake_to_an_editor(file, mistakes):
    text = file.read_text(encoding="utf-8")
    named = SERVER_LINE.fullmatch(text.splitlines()[0])
    assert named, "its first line names no schema"
    assert (file.parent / named[1]).resolve() == ROOT / "config/schema.json"
    assert mistakes(text) == {}


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_own_config_files_have_no_mistake_to_an_editor(page, mistakes):
    examples = EXAMPLE.findall((ROOT / page).read_text(encoding="utf-8"))
    assert examples
    for text in examples:
        assert mistakes(text) == {}, text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("grid: [{dataset: emosynth, splits: [test], models: [a], interventions: [none], p: [1.5]}]", "grid.0.p.0"),
        ("grid: [{dataset: emosynth, splits: [test], models: [a]}]", "grid.0"),
        ("models: {cue-tiny: {batch_token: 3}}", "models.cue-tiny"),
        ("models: {mine: {backend: clap_laion, options: {crop: left}}}", "models.mine.options.crop"),
        ("statistics: {resamples: many}", "statistics.resamples"),
    ],
)
def test_an_editor_marks_a_mistake_where_it_is(text, place, mistakes):
    assert set(mistakes(text)) == {place}


def test_the_line_for_own_files_is_told():
    """A file of one's own lies anywhere, so its line has a place to fill in."""
    assert "# yaml-language-server: $schema=/path/to/clone/config/schema.json" in (ROOT / "config/README.md").read_text(encoding="utf-8")
