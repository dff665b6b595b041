"""The registry: plug-ins by file name, their options without importing them."""

import sys

import pytest

from cuealign.core import registry
from cuealign.core.errors import ConfigError
from cuealign.core.registry import NoOptions, Registry
from cuealign.corpora.readers import READERS
from cuealign.evaluation.analyses import ANALYSES
from cuealign.interventions import INTERVENTIONS
from cuealign.models.backends import BACKENDS
from cuealign.models.training import RECIPES
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.tables import TABLES

KINDS = (BACKENDS, READERS, INTERVENTIONS, RECIPES, ANALYSES, TABLES, FIGURES)

PLUGIN = '''
import a_module_that_takes_long
from pydantic import Field
from typing import Literal

from cuealign.core.registry import PluginOptions

SIZES = ("small", "large")
Size = Literal["small", "large"]
DEFAULT = SIZES[0]
CAPTION = f"Of {DEFAULT} size."


class Options(PluginOptions):
    """Options."""

    size: Size = Field(default=DEFAULT, description="How large.")


def draw(results, options):
    return a_module_that_takes_long.draw(options)
'''


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder on Python's path for plug-ins; returns a function that writes one."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == registry.OUTSIDE]:
        monkeypatch.delitem(sys.modules, name)

    def write(folder: str, name: str, text: str = PLUGIN):
        file = tmp_path / registry.OUTSIDE / folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == registry.OUTSIDE]:
        del sys.modules[name]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_plugin_defines_what_its_kind_asks_for(kind):
    assert kind.names()
    for name in kind.names():
        assert hasattr(kind.module(name), kind.attribute)
        assert kind.get(name) is getattr(kind.module(name), kind.attribute)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_options_read_without_an_import_are_those_of_the_module(kind):
    for name in kind.names():
        module, path = kind._found(name)
        loaded = sys.modules.pop(module, None)
        registry._definition.cache_clear()
        found = kind.options_model(name)
        if loaded is not None:
            sys.modules[module] = loaded
        registry._definition.cache_clear()
        own = getattr(kind.module(name), "Options", NoOptions)
        assert found.model_json_schema() == own.model_json_schema(), path


def test_an_unknown_name_is_told_with_those_that_are_known():
    with pytest.raises(ConfigError, match=r"unknown backend 'qwen2_adio', did you mean 'qwen2_audio'\?; known: audio_flamingo_3, "):
        BACKENDS.module("qwen2_adio")


def test_what_plugins_share_is_no_plugin():
    assert "base" not in INTERVENTIONS.names()
    assert "style" not in FIGURES.names()
    assert "content" not in TABLES.names()


def test_a_plugin_from_outside_is_found_and_its_options_are_read_without_importing_it(outside):
    outside("figures", "mine")
    assert "mine" in FIGURES.names()
    assert FIGURES.module_name("mine") == "cuealign_plugins.figures.mine"
    assert FIGURES.options("mine", {}, "figures.mine").size == "small"
    assert FIGURES.constant("mine", "CAPTION") == "Of small size."
    assert FIGURES.constant("mine", "NEEDS", ()) == ()
    assert "cuealign_plugins.figures.mine" not in sys.modules
    with pytest.raises(ConfigError, match=r"^figures\.mine\.size: is 'smal', but must be small or large, did you mean 'small'\?$"):
        FIGURES.options("mine", {"size": "smal"}, "figures.mine")


def test_a_file_outside_that_is_no_plugin_is_an_error(outside):
    file = outside("figures", "mine", "def paint(): ...\n")
    with pytest.raises(ConfigError, match=rf"{file}: does not define draw, which makes a module a plug-in \(figure\)"):
        FIGURES.names()


def test_a_file_outside_with_the_name_of_another_plugin_is_an_error(outside):
    file = outside("figures", "tokens")
    with pytest.raises(ConfigError, match=rf"{file}: another figure has that name, .*tokens\.py; rename the file"):
        FIGURES.names()


def test_a_file_outside_that_is_no_python_is_an_error(outside):
    file = outside("tables", "mine", "def build(:\n")
    with pytest.raises(ConfigError, match=rf"{file}: .*Python"):
        TABLES.names()


def test_a_folder_that_is_on_the_path_twice_is_searched_once(outside, tmp_path, monkeypatch):
    outside("figures", "mine")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert FIGURES.names().count("mine") == 1


def test_without_plugins_from_outside_there_is_nothing_to_find():
    assert Registry("thing", "cuealign.reporting.figures", "nothing_of_that_name").names() == ()
