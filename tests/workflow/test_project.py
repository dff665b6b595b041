"""The project's files agree with each other."""

import re
import subprocess
import sys
import tomllib

import yaml

from tests.support import ROOT


def lock() -> dict[str, str]:
    lines = (ROOT / "envs/requirements.lock").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_conda_file_agrees_with_the_lock():
    environment = yaml.safe_load((ROOT / "envs/cuealign.yaml").read_text(encoding="utf-8"))
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert dict(line.split("==") for line in pip) == lock()
    assert "python=3.11" in environment["dependencies"]


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=]", entry)[0] for entry in project["dependencies"] + project["optional-dependencies"]["dev"]]
    locked = {name.lower() for name in lock()}
    assert [name for name in names if name.lower() not in locked] == []
    assert lock()["torch"] == "2.13.0"


def test_tests_run_in_the_locked_environment():
    import importlib.metadata

    wrong = {name: version for name, version in lock().items() if importlib.metadata.version(name).split("+")[0] != version}
    assert wrong == {}


def test_version_is_the_same_everywhere():
    import cuealign

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["version"] == cuealign.__version__ == citation["version"]
    assert f"## {cuealign.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_results_page_cites_what_the_citation_file_says():
    """Pages are made where only the workflow's own folders are."""
    assert (ROOT / "resources/citation.cff").read_bytes() == (ROOT / "CITATION.cff").read_bytes()


def test_tests_in_a_browser_take_everything_else_from_the_lock():
    lines = (ROOT / "envs/browser.lock").read_text(encoding="utf-8").splitlines()
    browser = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert "playwright" in browser
    assert not set(browser) & set(lock())


def test_library_imports_nothing_of_snakemake():
    for path in (ROOT / "src/cuealign").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) snakemake", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_parsing_the_config_imports_nothing_heavy():
    """Every job of a cluster parses the Snakefile anew. The options of backends are read without the backends."""
    heavy = {"torch", "transformers", "pandas", "opensmile", "matplotlib", "scipy", "sklearn"}
    code = f"""
import sys
from tests.support.config import shipped
from cuealign.config.loading import load
load(shipped("paper"))
print(*sorted({heavy!r} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_published_values_are_the_papers():
    import pandas as pd

    published = pd.read_csv(ROOT / "resources/published.csv")
    uar = published[published["measure"] == "uar"].pivot_table(index=["dataset", "split", "model"], columns="intervention", values="value")
    # Deltas as the paper prints them, from its Tables II and III.
    deltas = {
        ("aibo", "dev", "qw2-audio"): 0.031,
        ("aibo", "dev", "qw-omni"): 0.017,
        ("aibo", "dev", "af3"): 0.009,
        ("aibo", "dev", "ft-qw-omni"): 0.003,
        ("aibo", "dev", "ft-af3"): 0.020,
        ("aibo", "test", "qw2-audio"): 0.028,
        ("aibo", "test", "qw-omni"): 0.010,
        ("aibo", "test", "af3"): 0.016,
        ("iemocap", "full", "af3"): 0.022,
        ("iemocap", "full", "qw-omni"): 0.041,
    }
    found = (uar["correct"] - uar["none"]).dropna().round(3).to_dict()
    assert found == deltas
    printed = published[(published["measure"] == "delta") & (published["b"] == "none")]
    assert printed.set_index(["dataset", "split", "model"])["value"].to_dict() == deltas
    bounds = published[published["measure"].str.endswith("_below")]
    assert bounds.groupby("measure")["value"].agg(["size", "min", "max"]).to_numpy().tolist() == [
        [3, 0.05, 0.05],  # Holm, every perturbation against audio-only
        [4, 1e-5, 1e-4],  # both gains; shuffle and full corruption against correct tokens
        [1, 1e-4, 1e-4],  # Spearman
    ]


def test_every_promise_of_the_page_on_robustness_has_its_test():
    rows = [line for line in (ROOT / "docs/robustness.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("| what m", "| ---"))]
    assert len(rows) > 25
    for row in rows:
        tests = re.findall(r"`([\w/]+\.py)::(\w+)`", row.rsplit(" | ", 1)[-1])
        assert tests, row
        for file, test in tests:
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), row


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Text of the README below a heading."""
    return readme().split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_file_that_the_readme_names_is_there():
    named = set(re.findall(r"`((?:docs|config|tests|profiles)/[\w./-]+|[A-Z]+\.(?:md|cff))`|\]\(([\w./-]+)\)|src=\"([^\"]+)\"", readme()))
    paths = {path for found in named for path in found if path}
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_pictures_of_the_readme_are_small():
    for name in ("page", "reliance"):
        assert (ROOT / f"docs/{name}.png").stat().st_size < 200_000


def test_the_readme_lists_every_model_and_corpus_with_its_licence():
    for kind, title in (("models", "Your own model"), ("datasets", "Your own data")):
        for name, entry in yaml.safe_load((ROOT / f"config/{kind}.yaml").read_text(encoding="utf-8"))[kind].items():
            trained = "training" in entry
            assert trained or f"`{name}`" in section(title), name
            if "hub_id" in entry:
                assert entry["licence"] in section(title), name


def test_the_readme_lists_every_target():
    rules = re.findall(r"^rule (\w+):", (ROOT / "workflow/rules/targets.smk").read_text(encoding="utf-8"), re.MULTILINE)
    for name in rules:
        assert f"`{name}`" in section("More ways to run"), name


def test_minutes_of_the_readme_are_those_of_the_registry():
    models = yaml.safe_load((ROOT / "config/models.yaml").read_text(encoding="utf-8"))["models"]
    rows = re.findall(r"^\| `([\w-]+)` \(.*\| (\d+) min(, estimate)? \|$", section("Your own model"), re.MULTILINE)
    assert len(rows) == 5
    for name, minutes, estimated in rows:
        (kind,) = models[name]["seconds_per_utterance"]
        assert int(minutes) == round(5531 * models[name]["seconds_per_utterance"][kind] / 60), name
        assert (kind == "estimate") == bool(estimated), name


def test_ranges_of_the_readme_are_those_of_the_benchmarks():
    benchmarks = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8").split("\n## The demo\n")[1]
    rows = re.findall(r"^\| ([^|]+) \| ([+−.\d]+) \| ([+−.\d]+) \| ([+−.\d]+) \|$", benchmarks, re.MULTILINE)
    ranges = [f"{low.removeprefix('+')} to {high.removeprefix('+')}" for _, low, _, high in rows]
    shown = re.findall(r"^\| .+ \| [+−.\d]+ \| (.+ to .+) \|$", section("What the demo should give"), re.MULTILINE)
    assert [text.replace("+", "") for text in shown] == ranges
