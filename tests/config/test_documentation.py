"""The schema and the reference are what the code says, and every key is read by something."""

import json
import re

import pytest

from cuealign.config import documentation
from cuealign.config.documentation import PLUGINS, SECTIONS
from cuealign.runtime.code_version import reachable
from tests.support import ROOT


def test_schema_and_reference_agree_with_the_code():
    assert (ROOT / "config/schema.json").read_text(encoding="utf-8") == documentation.schema(), "run `make docs`"
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    assert documentation.insert(readme, documentation.reference()) == readme, "run `make docs`"


def test_the_schema_knows_the_options_of_every_plugin():
    schema = json.loads(documentation.schema())
    (crop,) = [
        rule["then"]["properties"]["options"]["properties"]["crop"]
        for rule in schema["$defs"]["Model"]["allOf"]
        if rule["if"]["properties"]["backend"]["const"] == "clap_laion"
    ]
    assert crop["enum"] == ["centre", "tiled"]
    text = documentation.schema()
    for _, registry in PLUGINS:
        for name in registry.names():
            for option in registry.options_model(name).model_fields:
                assert f'"{option}"' in text, (registry.kind, name, option)


def test_the_reference_is_written_between_its_marks(tmp_path):
    config = tmp_path / "config"
    config.mkdir()
    (tmp_path / "docs").mkdir()
    (config / "README.md").write_text(f"before\n{documentation.BEGIN}\nstale words\n{documentation.END}\nafter\n")
    documentation.main(config)
    text = (config / "README.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale words" not in text
    assert "`gender_specific`" in text


def models():
    yield from ((title, model, "") for title, model in SECTIONS)
    for _, registry in PLUGINS:
        for name in registry.names():
            yield f"{registry.kind} {name}", registry.options_model(name), registry.module_name(name)


@pytest.mark.parametrize(("title", "model", "module"), [pytest.param(*each, id=each[0]) for each in models()])
def test_every_key_is_documented_once_and_read_by_something(title, model, module):
    reference = documentation.reference()
    if model.model_fields:
        assert reference.count(f"### {title}\n") == 1 or module
    if module:  # options of a plug-in are read by its own module, or one of the same kind that it builds on
        files = {name: path for name, path in reachable(module).items() if name.startswith(module.rpartition(".")[0] + ".")}
        code = "\n".join(path.read_text(encoding="utf-8") for path in files.values())
    else:
        folders = (ROOT / "src/cuealign", ROOT / "workflow", ROOT / "scripts")
        files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".smk", ".rst")]
        code = "\n".join(path.read_text(encoding="utf-8") for path in files if "config" not in path.parts[-3:-1] or path.stem == "workflow")
    for key, field in model.model_fields.items():
        assert field.description, f"{title}: {key} has no description"
        read = rf"""\.{key}\b(?! *=[^=])|\["{key}"\]|of_(dataset|model)\("{key}"\)|model_dump\(\)"""
        assert re.search(read, code), f"{title}: nothing reads {key}"
