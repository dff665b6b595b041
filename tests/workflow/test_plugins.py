"""The promise of docs/extending.md: a plug-in is one new file and one config entry. Each example of it is run."""

import copy
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.support import ROOT
from tests.support.config import merge
from tests.support.workflow import SMALL, snakemake, write_config

BLOCK = re.compile(r"```(python|yaml)\n(# (?:cuealign_plugins/\S+|my\.yaml)\n.*?)```", re.DOTALL)


def examples() -> dict[str, tuple[Path, str, dict]]:
    """For each kind of plug-in: the file of its example, its text, and the config beside it."""
    found, files = {}, []
    for language, text in BLOCK.findall((ROOT / "docs/extending.md").read_text(encoding="utf-8")):
        if language == "python":
            files.append((Path(text.splitlines()[0].removeprefix("# ")), text))
        else:
            (file, code) = files.pop()
            found[file.parent.name] = (file, code, yaml.safe_load(text))
    return found


EXAMPLES = examples()

RESULTS = {
    "readers": ["corpora/emosynth-folder/manifest.parquet", "metrics/emosynth-folder/test/listener-cues/conditions.csv"],
    "backends": ["metrics/emosynth/test/first-second/conditions.csv"],
    "interventions": ["interventions/emosynth/test/nudge/p0.5/seed1.parquet", "figures/corruption_emosynth_test.pdf"],
    "training": [],
    "analyses": [],
    "tables": [],
    "figures": [],
}
"""What each example must make, besides what follows from its config."""


def plugins(folder: Path, kind: str) -> Path:
    """Write an example into a folder; the config adds it to the small study, so that only what it needs is computed."""
    file, code, values = EXAMPLES[kind]
    (folder / file).parent.mkdir(parents=True)
    (folder / file).write_text(code, encoding="utf-8")
    return write_config(folder / "my.yaml", merge(copy.deepcopy(SMALL), values))


def test_there_is_an_example_of_every_kind():
    assert set(EXAMPLES) == set(RESULTS)


@pytest.mark.long
@pytest.mark.parametrize("kind", RESULTS)
def test_one_file_and_one_entry_add_a_plugin(own_study, kind):
    name, config = EXAMPLES[kind][0].stem, plugins(own_study, kind)
    expected = list(RESULTS[kind])
    experiments = [
        f"{entry['dataset']}/{split}/{model}"
        for entry in EXAMPLES[kind][2]["grid"]
        for split in entry["splits"]
        for model in entry["models"]
    ]
    if kind == "analyses":
        expected += [f"metrics/{experiment}/{name}.csv" for experiment in experiments]
    if kind == "tables":
        expected += [f"tables/{name}.{ending}" for ending in ("csv", "tex", "md")]
    done = snakemake(own_study, "--cores", "2", configfile=config, PYTHONPATH=str(own_study))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path for path in expected if not (own_study / "results" / path).is_file()] == []
    if kind == "figures":
        assert list((own_study / "results/figures").glob(f"{name}*.svg"))
    if kind == "interventions":
        trend = pd.read_csv(own_study / f"results/metrics/{experiments[-1]}/trend.csv")
        assert trend["intervention"].tolist() == [name]  # it has a strength, as corrupt has
    stages = json.loads((own_study / "results/provenance.json").read_text(encoding="utf-8"))["stages"]
    assert stages["evaluate"]
    # Its code is part of the version: a change runs again what uses it.
    file = own_study / EXAMPLES[kind][0]
    nothing = snakemake(own_study, "-n", configfile=config, PYTHONPATH=str(own_study))
    assert "Nothing to be done" in nothing.stdout + nothing.stderr
    file.write_text(file.read_text(encoding="utf-8") + "\nCHANGED = 1\n", encoding="utf-8")
    again = snakemake(own_study, "-n", configfile=config, PYTHONPATH=str(own_study))
    assert again.returncode == 0, again.stderr
    assert "params have changed" in again.stdout + again.stderr


def test_a_wrong_option_of_a_plugin_stops_before_any_job(tmp_path):
    config = plugins(tmp_path, "interventions")
    values = yaml.safe_load(config.read_text())
    values["intervention_options"] = {"nudge": {"level": 2}}
    done = snakemake(tmp_path, "-n", configfile=write_config(config, values), PYTHONPATH=str(tmp_path))
    assert done.returncode != 0
    assert "config: intervention_options.nudge.level: unknown key, did you mean 'levels'?" in done.stdout + done.stderr
