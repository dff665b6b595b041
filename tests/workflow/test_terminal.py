"""What runs show: stages and the end of a study, mistakes in a table before anything else, what will be missing."""

import re
import shlex
import subprocess

import pandas as pd
import pytest
import yaml

from tests.support import ROOT
from tests.support.workflow import SMALL, environment, snakemake, write_config


def test_the_end_of_a_run_tells_what_came_out_and_a_run_with_nothing_to_do_tells_it_too(own_study):
    (own_study / "results/tables/concepts.md").unlink()
    done = snakemake(own_study, "--cores", "2", configfile=own_study / "small.yaml")
    assert done.returncode == 0, done.stderr
    shown = done.stderr.splitlines()
    # The table, the provenance of all results, the page and its cover, and the target.
    assert f"5 jobs. What each of them says is in {own_study}/logs/." in shown
    assert [re.sub(r" +\S+ s$", "", line) for line in shown if re.search(r"[█░]|##", line)] == [
        "tables        ████████████████████   1/1",
        "provenance    ████████████████████   1/1",
        "results page  ████████████████████   2/2",
    ]
    told = done.stderr[done.stderr.index("Verdicts\n") : done.stderr.index("\nIt took ")]
    uar = pd.read_csv(own_study / "results/tables/uar.csv")
    for row in uar.itertuples():
        assert f"{row.uar_none:.3f} [{row.none_low:.3f}, {row.none_high:.3f}]" in told
    assert f"tables      {own_study}/results/tables ({len(list(own_study.glob('results/tables/*.csv')))})" in told
    assert "rule make_table" not in done.stderr

    again = snakemake(own_study, "--cores", "2", configfile=own_study / "small.yaml")
    assert "Nothing to be done" in again.stderr
    assert told.split("\n\nWarnings")[0].rstrip() in again.stderr


def test_a_wrong_table_stops_a_run_before_anything_else_and_the_end_says_how_to_go_on(small_study, tmp_path):
    table = pd.read_csv(small_study / "results/emosynth/manifest.csv")
    table.loc[7, "emotion"] = "angrry"
    table.to_csv(tmp_path / "mine.csv", index=False)
    entry = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]["emosynth"]
    entry |= {"title": "Mine", "manifest": str(tmp_path / "mine.csv"), "root": str(small_study / "results/emosynth/audio")}
    values = SMALL | {"datasets": {"mine": entry}}
    values["grid"] = [*SMALL["grid"], {"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none"]}]
    done = snakemake(tmp_path, "--cores", "1", configfile=write_config(tmp_path / "my study.yaml", values))
    assert done.returncode == 1
    assert not (tmp_path / "results/emosynth").exists()
    error = f"{tmp_path}/mine.csv, line 9: unknown label 'angrry'"
    assert done.stderr.index(error) < done.stderr.index("Failed (1)\n") < done.stderr.rindex(error)
    told = done.stderr[done.stderr.index("Failed (1)\n") :]
    assert f"read_corpus mine ({tmp_path}/logs/read_corpus/mine.log)" in told
    assert "Correct what the error names; then this goes on:" in told
    assert f"--directory {tmp_path} --configfile '{tmp_path}/my study.yaml' --cores 1" in told
    assert "CalledProcessError" not in done.stderr
    assert "Traceback" not in done.stderr
    command = shlex.split(told.split("goes on:\n")[1].splitlines()[0])
    again = subprocess.run([*command, "-n"], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr


@pytest.fixture
def lacking(tmp_path):
    """A study that lacks a checkpoint, weights of the hub, and a GPU."""
    grid = [{"dataset": "emosynth", "splits": ["test"], "models": ["listener-cues", "af3", "smoothclap"], "interventions": ["none"]}]
    return write_config(tmp_path / "lacking.yaml", SMALL | {"grid": grid})


MISSING = (
    "models.smoothclap.path: there is no folder checkpoints/smoothclap (no published weights were found)",
    "models.af3: the weights nvidia/audio-flamingo-3-hf are not on this machine",
    "a GPU: this machine has none, and af3, smoothclap need one",
)


def test_a_dry_run_ends_with_what_will_be_missing_and_excluding_it_helps(tmp_path, lacking):
    nothing = {"CUDA_VISIBLE_DEVICES": "", "HF_HOME": str(tmp_path)}
    dry = snakemake(tmp_path, "-n", configfile=lacking, **nothing)
    assert dry.returncode == 0, dry.stderr
    assert "rule respond_on_gpu:" in dry.stdout  # the plan is Snakemake's own
    told = dry.stdout[dry.stdout.index("\nMissing when this runs:\n") :]
    assert [line in told for line in MISSING] == [True] * 3
    less = snakemake(tmp_path, "-n", "--config", 'exclude={"models": ["smoothclap", "af3"]}', configfile=lacking, **nothing)
    assert less.returncode == 0, less.stderr
    assert "Missing when this runs" not in less.stdout
    assert "respond_on_gpu" not in less.stdout


def test_the_plan_tells_what_will_be_missing(tmp_path, lacking):
    nothing = {"CUDA_VISIBLE_DEVICES": "", "HF_HOME": str(tmp_path)}
    done = snakemake(tmp_path, "--cores", "2", "plan", configfile=lacking, **nothing)
    assert done.returncode == 0, done.stderr
    plan = (tmp_path / "results/plan.md").read_text()
    assert [line in plan for line in MISSING] == [True] * 3
    assert plan.strip() in done.stderr
    assert pd.read_csv(tmp_path / "results/plan.csv")["hours"].notna().all()


def test_snakemakes_own_output_is_there_for_the_asking(own_study):
    (own_study / "results/tables/concepts.md").unlink()
    done = snakemake(own_study, "--cores", "2", "--quiet", "host", configfile=own_study / "small.yaml")
    assert done.returncode == 0, done.stderr
    assert "localrule make_table:" in done.stderr
    assert "Verdicts\n" in done.stderr
