"""Bad input stops with one clear line, or is counted where the config says so."""

import json
import os
import subprocess

import pandas as pd
import pytest
import yaml

from tests.support import ROOT
from tests.support.workflow import SMALL, snakemake, write_config


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Lines of a run that ended before any job, without that on the profile."""
    return [line for line in (done.stdout + done.stderr).splitlines() if line and not line.startswith("Using workflow specific profile")]


def test_bad_audio_stops_with_file_and_row(small_study, tmp_path):
    table = pd.read_csv(small_study / "results/emosynth/manifest.csv").assign(label=lambda t: t["emotion"])
    table["file"] = [str(small_study / "results/emosynth/audio" / file) for file in table["file"]]
    table.loc[7, "file"] = "lost.flac"
    table.to_csv(tmp_path / "mine.csv", index=False)
    mine = {
        "grid": [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none"]}],
        "datasets": {
            "mine": {
                "title": "Mine",
                "licence": "none",
                "reader": "manifest",
                "manifest": str(tmp_path / "mine.csv"),
                "labels": ["angry", "happy", "neutral", "sad"],
                "splits": ["train", "test"],
            }
        },
    }
    write_config(tmp_path / "mine.yaml", mine)
    done = snakemake(tmp_path, "--cores", "2", "manifests", configfile=tmp_path / "mine.yaml")
    assert done.returncode != 0
    assert f"{tmp_path}/mine.csv, line 9: {tmp_path}/lost.flac: no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert "no such file" in (tmp_path / "logs/build_manifest/mine.log").read_text()


@pytest.fixture(scope="module")
def with_bad_audio(small_study, tmp_path_factory):
    """A study of a corpus of its own, of which two files are lost."""
    folder = tmp_path_factory.mktemp("mine")
    table = pd.read_csv(small_study / "results/emosynth/manifest.csv")
    table["file"] = [str(small_study / "results/emosynth/audio" / file) for file in table["file"]]
    table.loc[table.index[table["split"] == "test"][[3, 9]], "file"] = ["lost.flac", "gone.flac"]
    table.to_csv(folder / "mine.csv", index=False)
    entry = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]["emosynth"]
    entry |= {"title": "Mine", "manifest": str(folder / "mine.csv"), "root": None, "on_bad_audio": "exclude"}
    mine = {
        "grid": [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none", "correct"]}],
        "datasets": {"mine": entry},
        "models": {"listener-cues": {"training": {"dataset": "mine"}}},
        "statistics": {"resamples": 100},
    }
    write_config(folder / "mine.yaml", mine)
    done = snakemake(folder, "--cores", "2", "tables", "figures", "results/provenance.json", configfile=folder / "mine.yaml")
    assert done.returncode == 0, done.stderr
    return folder


def test_bad_audio_that_is_excluded_is_counted_in_every_table(with_bad_audio):
    assert "2 of 160 utterances excluded for bad audio" in (with_bad_audio / "logs/build_manifest/mine.log").read_text()
    for name in ("uar", "corpora"):
        for kind in ("md", "tex"):
            assert "Mine: 2 utterances excluded for bad audio." in (with_bad_audio / f"results/tables/{name}.{kind}").read_text()
    corpora = pd.read_csv(with_bad_audio / "results/tables/corpora.csv").set_index("split")
    assert corpora["excluded"].to_dict() == {"train": 0, "test": 2}
    assert corpora.loc["test", "utterances"] == 6 * 4 * 4 - 2
    record = json.loads((with_bad_audio / "results/provenance.json").read_text())
    assert len(record["datasets"]["mine"]["counts"]["excluded"]) == 2
    assert pd.read_csv(with_bad_audio / "results/corpora/mine/audit.csv")["problem"].notna().sum() == 2


def test_snakemakes_report_names_no_place_on_the_machine(with_bad_audio):
    report = with_bad_audio / "report.html"
    done = snakemake(with_bad_audio, "--report", str(report), "--", "tables", "figures", configfile=with_bad_audio / "mine.yaml")
    assert done.returncode == 0, done.stderr
    shown = report.read_text(encoding="utf-8")
    assert "Mine" in shown
    assert str(with_bad_audio) not in shown
    assert str(ROOT) not in shown


def test_a_csv_with_an_older_time_stamp_is_read_again(small_study, tmp_path):
    table = pd.read_csv(small_study / "results/emosynth/manifest.csv")
    table["file"] = [str(small_study / "results/emosynth/audio" / file) for file in table["file"]]
    table.to_csv(tmp_path / "mine.csv", index=False)
    entry = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]["emosynth"]
    entry |= {"manifest": str(tmp_path / "mine.csv"), "root": None}
    grid = [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none"]}]
    write_config(tmp_path / "mine.yaml", {"grid": grid, "datasets": {"mine": entry}})
    assert snakemake(tmp_path, "--cores", "2", "manifests", configfile=tmp_path / "mine.yaml").returncode == 0
    table.assign(language="deu").to_csv(tmp_path / "mine.csv", index=False)
    os.utime(tmp_path / "mine.csv", (1_000_000_000, 1_000_000_000))
    assert snakemake(tmp_path, "--cores", "2", "manifests", configfile=tmp_path / "mine.yaml").returncode == 0
    assert set(pd.read_parquet(tmp_path / "results/corpora/mine/manifest.parquet")["language"]) == {"deu"}


def test_a_wrong_config_stops_before_any_job(tmp_path):
    write_config(tmp_path / "wrong.yaml", {"grid": [SMALL["grid"][0] | {"p": [1.5]}]})
    done = snakemake(tmp_path, "--cores", "1", configfile=tmp_path / "wrong.yaml")
    assert done.returncode != 0
    assert said(done) == ["config: grid[0].p[0]: 1.5 lies outside of 0 to 1"]


MISTYPED = {
    "grid: [{dataset: emosynth, splits: [test], models: [listener-cues], interventions: [none], p: [1.5]}]": (
        "config: grid[0].p[0]: 1.5 lies outside of 0 to 1"
    ),
    "models: {af3: {options: {bogus: 1}}}": "config: models.af3.options.bogus: unknown key; known: none",
    "models: {af3: {device: gpu}}": "config: models.af3.device: is 'gpu'; wanted: torch device",
    "models:\n  af3: {threads: 2}\n  af3: {threads: 4}": "wrong.yaml, line 3: models.af3: the key is given twice",
    "datasets: {emosynth: {splits: {train: [0010], test: [0011]}}}": "0010 is the number 8 to YAML",
    "figures: {tokens: model}": "config: figures.tokens: cannot show a model; its scope is dataset",
}


@pytest.mark.parametrize("text", MISTYPED)
def test_a_typing_mistake_stops_a_dry_run_too(tmp_path, text):
    (tmp_path / "wrong.yaml").write_text(text)
    done = snakemake(tmp_path, "-n", configfile=tmp_path / "wrong.yaml")
    assert done.returncode != 0
    lines = said(done)
    assert any(MISTYPED[text] in line for line in lines)
    assert all(line.startswith(("config: ", f"{tmp_path}/wrong.yaml, line ")) for line in lines)


UNREADABLE = {
    None: "there is no such file; paths of --configfile begin at the folder in which you call snakemake",
    b"title: Universit\xe4t": "is not UTF-8 text (byte 17); save it as UTF-8",
    b"models: {cue-tiny: {threads: " + b"9" * 5000 + b"}}": "Exceeds the limit (4300 digits) for integer string conversion",
    b"grid:\n\t- a": "while scanning for the next token found character '\\t' that cannot start any token",
    b"models: *m": "is not YAML: found undefined alias 'm' in line 1, column 9",
    b"- emosynth": "Config file must be given as JSON or YAML with keys at top level.",
}


@pytest.mark.parametrize(("content", "how"), [*((content, "-n") for content in UNREADABLE), (None, "--cores=1")])
def test_a_config_file_that_cannot_be_read_is_named_with_the_reason(tmp_path, content, how):
    """Snakemake reads it before any workflow, and would show its own traceback."""
    if content:
        (tmp_path / "mine.yaml").write_bytes(content)
    done = snakemake(tmp_path, how, configfile=tmp_path / "mine.yaml")
    assert done.returncode != 0
    (line,) = said(done)
    assert line.startswith(f"config: {tmp_path / 'mine.yaml'}: {UNREADABLE[content]}")


MISWRITTEN = {
    "foo": "gives no value; write --config KEY=VALUE, such as --config readout=score",
    "=3": "names no key before the =; write --config KEY=VALUE, such as --config readout=score",
    "models.cue-tiny.title=x": "dots do not lead into a section; write --config 'models={cue-tiny: {title: x}}'",
    "cue_block=# x": "the value is nothing to YAML; write it in a file of --configfile",
}


@pytest.mark.parametrize(("entry", "how"), [*((entry, "-n") for entry in MISWRITTEN), ("foo", "--cores=1")])
def test_an_entry_of_the_command_line_that_cannot_be_read_is_named_with_how_to_write_it(tmp_path, entry, how):
    """Snakemake reads it before any workflow, and would show its own traceback."""
    done = snakemake(tmp_path, how, "--config", entry)
    assert done.returncode != 0
    assert said(done) == [f"config: --config {entry}: {MISWRITTEN[entry]}"]


def test_null_on_the_command_line_leaves_a_figure_out(own_study):
    done = snakemake(own_study, "-n", "--config", 'figures={"grounding": null}', configfile=own_study / "small.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    drawn = [line for line in (done.stdout + done.stderr).splitlines() if line.strip().startswith("output:")]
    assert drawn
    assert not any("results/figures/grounding" in line for line in drawn)
