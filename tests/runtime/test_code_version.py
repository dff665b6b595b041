"""The version of a rule's code: everything that its script runs, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cuealign.corpora.readers import READERS
from cuealign.evaluation.analyses import ANALYSES
from cuealign.inference import LANGUAGE_MODEL, loaded_for
from cuealign.interventions import INTERVENTIONS
from cuealign.models.backends import BACKENDS
from cuealign.models.training import RECIPES
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.tables import TABLES
from cuealign.runtime import code_version as module
from cuealign.runtime.code_version import code_version, fingerprint, reachable
from tests.support import ROOT

SCRIPTS = {path.stem: path for path in (ROOT / "scripts").glob("*.py")}
PLUGINS = {
    "read_corpus": READERS,
    "build_manifest": READERS,
    "intervene": INTERVENTIONS,
    "train": RECIPES,
    "respond": BACKENDS,
    "evaluate": ANALYSES,
    "make_table": TABLES,
    "draw_figure": FIGURES,
}
"""Scripts whose parameters name a plug-in."""


def _plugins(script: str) -> list[tuple[str, ...]]:
    """What a script may load by name: a plug-in, and the module for its kind of model."""
    if script not in PLUGINS:
        return [()]
    registry = PLUGINS[script]
    also = {name: loaded_for(BACKENDS.constant(name, "KIND", "alm")) if registry is BACKENDS else () for name in registry.names()}
    return [(registry.module_name(name), *modules) for name, modules in also.items()]


JOBS = [(script, plugins) for script in sorted(SCRIPTS) for plugins in _plugins(script)]
"""Every script with all that it may load by name."""

# A process that has loaded the large libraries forks a child for each job, which imports the script and the plug-in and
# says what of the library is loaded then.
IMPORTED = """
import json, os, runpy, sys
import torch, transformers, peft, pandas, matplotlib.pyplot, scipy.stats, sklearn.linear_model, statsmodels.api, opensmile, audformat
from transformers import ClapModel, Qwen2AudioForConditionalGeneration, Qwen3OmniMoeThinkerForConditionalGeneration
import importlib
for script, plugins in json.loads(sys.stdin.read()):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        runpy.run_path(script, run_name="imported")
        for plugin in plugins:
            importlib.import_module(plugin)
        print(json.dumps(sorted(name for name in sys.modules if name.split(".")[0] == "cuealign")))
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, script
"""


@pytest.fixture(scope="module")
def loaded() -> dict[tuple[str, tuple[str, ...]], set[str]]:
    """What every job loads of the library, by running its imports."""
    jobs = json.dumps([(str(SCRIPTS[script]), plugins) for script, plugins in JOBS])
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        input=jobs,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return {job: set(json.loads(line)) for job, line in zip(JOBS, done.stdout.splitlines(), strict=True)}


def roots(script: str, plugins: tuple[str, ...]) -> list[Path | str]:
    return [SCRIPTS[script], *plugins]


def test_what_a_job_depends_on_is_what_it_loads(loaded):
    for job in JOBS:
        found = {name for name in reachable(*roots(*job)) if name.split(".")[0] == "cuealign"}
        assert found == loaded[job], job


def test_only_jobs_of_audio_language_models_load_what_these_need(loaded):
    """It imports torch and transformers, which takes seconds of every job."""
    models = {plugins[0].rpartition(".")[2] for script, plugins in JOBS if LANGUAGE_MODEL in loaded[script, plugins]}
    assert {"qwen2_audio", "audio_flamingo_3"} <= models
    assert not models & {"listener", "mixture", "clap_laion", "pengi"}


def test_a_changed_constant_of_any_module_changes_exactly_the_jobs_that_load_it(loaded, tmp_path, monkeypatch):
    """Each module is really changed, on a copy, and read again; the rest is taken from before."""
    shutil.copytree(ROOT / "src", tmp_path / "src")
    monkeypatch.setattr(module, "ROOT", tmp_path / "src")
    for cached in (code_version, fingerprint, module.imported):
        cached.cache_clear()
    before = {job: code_version(*roots(*job)) for job in JOBS}
    changed: dict[str, Path] = {}

    def reread(function):
        return lambda path, *more: function.__wrapped__(path, *more) if path in changed.values() else function(path, *more)

    monkeypatch.setattr(module, "fingerprint", reread(fingerprint))
    monkeypatch.setattr(module, "imported", reread(module.imported))
    files = sorted((tmp_path / "src/cuealign").rglob("*.py"))
    assert len(files) > 100
    for path in files:
        parts = path.relative_to(tmp_path / "src").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        source = path.read_text(encoding="utf-8")
        changed[name] = path
        path.write_text(f"{source}\nCHANGED = 1\n", encoding="utf-8")
        after = {job for job in JOBS if code_version.__wrapped__(*roots(*job)) != before[job]}
        assert after == {job for job in JOBS if name in loaded[job]}, name
        path.write_text(f'{source}\n# A remark.\n"""Prose."""\n', encoding="utf-8")
        assert [job for job in JOBS if code_version.__wrapped__(*roots(*job)) != before[job]] == [], name
        path.write_text(source, encoding="utf-8")
        del changed[name]
    for cached in (code_version, fingerprint):
        cached.cache_clear()


SOURCE = '''"""A module."""

from pydantic import BaseModel, Field


class Options(BaseModel):
    """Options."""

    size: int = Field(default=3, ge=1, description="How many.")
    """More about it."""


def double(x):
    """Twice."""
    # A remark.
    return 2 * x
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A module."""', '"""Another text."""'),
        ("Twice.", "Two times."),
        ("# A remark.\n    ", ""),
        ("More about it.", "Less about it."),
        ("How many.", "The number of them."),
        ("2 * x", "(2 * x)"),
        ("default=3, ge=1", "\n        default=3,\n        ge=1"),
    ],
)
def test_prose_and_formatting_are_no_part_of_the_version(tmp_path, old, new):
    (tmp_path / "a.py").write_text(SOURCE)
    assert old in SOURCE
    (tmp_path / "b.py").write_text(SOURCE.replace(old, new))
    assert fingerprint(tmp_path / "a.py") == fingerprint(tmp_path / "b.py")


@pytest.mark.parametrize(
    ("old", "new"), [("2 * x", "3 * x"), ("default=3", "default=4"), ("def double", "def twice"), ("ge=1", "gt=1"), ("2 * x", "2.0 * x")]
)
def test_code_is_part_of_the_version(tmp_path, old, new):
    (tmp_path / "a.py").write_text(SOURCE)
    (tmp_path / "b.py").write_text(SOURCE.replace(old, new, 1))
    assert fingerprint(tmp_path / "a.py") != fingerprint(tmp_path / "b.py")


def test_the_place_of_the_clone_is_no_part_of_the_version(tmp_path, monkeypatch):
    here = code_version(SCRIPTS["intervene"], INTERVENTIONS.module_name("shuffle"))
    shutil.copytree(ROOT / "src", tmp_path / "elsewhere/src")
    shutil.copytree(ROOT / "scripts", tmp_path / "elsewhere/scripts")
    monkeypatch.setattr(module, "ROOT", tmp_path / "elsewhere/src")
    assert code_version.__wrapped__(tmp_path / "elsewhere/scripts/intervene.py", INTERVENTIONS.module_name("shuffle")) == here


def test_a_root_that_is_no_module_is_refused():
    with pytest.raises(ValueError, match="'pandas' is no module of cuealign or cuealign_plugins"):
        code_version("pandas")
