"""Changed code, config or data runs again what depends on it, and only that; the place of the clone is no input."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.workflow import planned, snakemake


def copy_clone(folder: Path) -> Path:
    """The workflow's files, in another folder, with new time stamps as a fresh clone has them."""
    for name in ("workflow", "profiles", "scripts", "src", "config", "resources", "envs"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, copy_function=shutil.copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder / "Snakefile")
    return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    return copy_clone(tmp_path_factory.mktemp("clone"))


def dry_run(study: Path, clone: Path, snakefile: str = "Snakefile") -> subprocess.CompletedProcess[str]:
    return snakemake(study, "-n", configfile=study / "small.yaml", snakefile=clone / snakefile)


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_a_second_run_has_nothing_to_do_from_any_clone(small_study, clone, snakefile):
    for place in (ROOT, clone):
        done = dry_run(small_study, place, snakefile)
        assert "Nothing to be done" in done.stdout + done.stderr, done.stdout


# Three models on one split, with nine conditions; the tables concepts and sensitivity, and the figure of the tokens, read no metrics.
TABLES_MADE, FIGURES_MADE = 12, 6
PAGE = {"make_page": 1, "make_cover": 1, "study": 1}
ENDS = {"record_provenance": 1} | PAGE
ALL_REPORTS = {"make_table": TABLES_MADE, "draw_figure": FIGURES_MADE} | ENDS
REPORTS = {"make_table": TABLES_MADE - 2, "draw_figure": FIGURES_MADE - 1} | ENDS
METRICS = {"evaluate": 3, "summarise_checks": 3, "measure_grounding": 3, "compare_models": 1} | REPORTS
PREDICTIONS = {"predict": 27} | METRICS
ANSWERS = {"respond": 3} | PREDICTIONS
MODELS = {"train": 3} | ANSWERS
CONDITIONS = {"intervene": 9} | MODELS
TOKENS = {"fit_tokenizer": 1, "tokenise": 1} | CONDITIONS | ALL_REPORTS
DESCRIPTORS = {"extract_descriptors": 1} | TOKENS
MANIFEST = {"build_manifest": 1} | DESCRIPTORS
AUDIT = {"audit_audio": 1} | MANIFEST

CHANGES = {
    # A changed module, and the jobs that run again: those whose scripts load it, and what depends on them.
    "reporting/tables/uar.py": {"make_table": 1} | ENDS,
    "reporting/figures/tokens.py": {"draw_figure": 1} | ENDS,
    "reporting/provenance.py": ENDS,
    "reporting/page/build.py": PAGE,
    "reporting/page/sound.py": PAGE,
    # The checks, which say what is claimed, are read by the verdict.
    "evaluation/analyses/trend.py": {rule: count for rule, count in METRICS.items() if rule != "compare_models"},
    "evaluation/grounding/verdict.py": {"measure_grounding": 3, "make_table": 3, "draw_figure": 3} | ENDS,
    "evaluation/significance.py": METRICS,
    "prompts/answers.py": ANSWERS,
    # Listeners answer without an engine, and no job of theirs loads one.
    "inference/packed.py": ANSWERS | dict.fromkeys(("respond", "evaluate", "summarise_checks", "measure_grounding"), 1) | {"predict": 9},
    "models/training/listener.py": {
        "train": 2,
        "respond": 2,
        "predict": 18,
        "evaluate": 2,
        "summarise_checks": 2,
        "compare_models": 1,
    }
    # The listeners are the ruler of every model's cue weight.
    | {"measure_grounding": 3, "draw_figure": 4, "make_table": TABLES_MADE - 2}
    | ENDS,
    "interventions/shuffle.py": {"intervene": 2, "train": 1} | ANSWERS,
    "corpora/splits.py": CONDITIONS | ALL_REPORTS,
    "corpora/audit.py": AUDIT,
    "cues/tokenizer.py": TOKENS,
}


@pytest.mark.parametrize("module", CHANGES)
def test_a_changed_module_runs_again_what_depends_on_it(small_study, clone, module):
    file = clone / "src/cuealign" / module
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(f"{before}\nCHANGED = 1\n", encoding="utf-8")
        assert planned(dry_run(small_study, clone)) == CHANGES[module]
        file.write_text(f'{before}\n# A remark.\n"""Prose."""\n', encoding="utf-8")
        done = dry_run(small_study, clone)
        assert "Nothing to be done" in done.stdout + done.stderr
    finally:
        file.write_text(before, encoding="utf-8")


def test_another_look_makes_the_page_anew(small_study, clone):
    file = clone / "src/cuealign/reporting/page/look/page.css"
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(f"{before}\nbody {{ color: red; }}\n", encoding="utf-8")
        assert planned(dry_run(small_study, clone)) == PAGE
    finally:
        file.write_text(before, encoding="utf-8")


def test_changed_resources_run_again_what_reads_them(small_study, clone):
    file = clone / "resources/published.csv"
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(before.replace("0.776", "0.777"), encoding="utf-8")
        assert planned(dry_run(small_study, clone)) == {"make_table": TABLES_MADE} | ENDS
        os.utime(file)
    finally:
        file.write_text(before, encoding="utf-8")


CONFIGS = {
    # What a user changes, and the jobs that run again.
    'statistics={"resamples": 200}': METRICS,
    'models={"cue-tiny": {"memory": "9GB", "runtime": "2h"}}': None,
    'models={"cue-tiny": {"title": "Cue Tiny"}}': {"make_table": TABLES_MADE, "draw_figure": 5} | ENDS,
    'models={"af3": {"title": "Flamingo"}}': ENDS,  # not in the grid: only the record of the config
    'intervention_options={"conflict": {"voice_quality": {"MODAL": "CREAKY", "BREATHY": "PRESSED", "PRESSED": "BREATHY", '
    '"ROUGH": "MODAL", "CREAKY": "MODAL"}}}': {"intervene": 1} | ANSWERS,
    'figures={"confusions": {"scope": "model", "annotate_from": 0.2}}': {"draw_figure": 1} | ENDS,
    'report={"audio": "link"}': ENDS,
}


@pytest.mark.parametrize("setting", CONFIGS)
def test_a_changed_setting_runs_again_what_depends_on_it(small_study, setting):
    done = snakemake(small_study, "-n", "--config", setting, configfile=small_study / "small.yaml", snakefile=ROOT / "Snakefile")
    if CONFIGS[setting] is None:
        # The record of the config is made again; nothing else is.
        assert planned(done) == ENDS
    else:
        assert planned(done) == CONFIGS[setting]


def test_new_code_of_tables_makes_the_provenance_anew(own_study, tmp_path):
    clone = copy_clone(tmp_path / "clone")
    file = clone / "src/cuealign/reporting/tables/concepts.py"
    file.write_text(file.read_text(encoding="utf-8") + "\nCHANGED = 1\n", encoding="utf-8")
    before = json.loads((own_study / "results/provenance.json").read_text(encoding="utf-8"))
    done = snakemake(own_study, "--cores", "2", configfile=own_study / "small.yaml", snakefile=clone / "Snakefile")
    assert done.returncode == 0, done.stderr
    after = json.loads((own_study / "results/provenance.json").read_text(encoding="utf-8"))
    assert after["workflow"]["commit"].startswith("unknown")  # this copy is no checkout
    codes = [{way["code"]: way["jobs"] for way in record["stages"]["make_table"]} for record in (before, after)]
    assert sum(codes[0].values()) == sum(codes[1].values()) == TABLES_MADE
    assert len(set(codes[1]) - set(codes[0])) == 1  # one table was made by other code, and says so
    assert after["stages"]["respond"] == before["stages"]["respond"]


def test_new_code_of_the_engine_takes_answers_from_the_store(own_study, tmp_path):
    """A job runs again, but what was answered is not asked again: that depends on the prompt, the sound, the weights and the options."""
    clone = copy_clone(tmp_path / "clone")
    file = clone / "src/cuealign/inference/packed.py"
    file.write_text(file.read_text(encoding="utf-8") + "\nCHANGED = 1\n", encoding="utf-8")
    target = "results/responses/emosynth/test/cue-tiny/shard0.parquet"
    before = (own_study / target).read_bytes()
    done = snakemake(own_study, "--cores", "2", target, configfile=own_study / "small.yaml", snakefile=clone / "Snakefile")
    assert done.returncode == 0, done.stderr
    log = (own_study / "logs/respond/emosynth/test/cue-tiny/shard0.log").read_text()
    assert re.search(r"\b0 prompts to answer, [1-9]\d* already answered", log)
    assert (own_study / target).read_bytes() == before
