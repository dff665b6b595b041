"""The end of a run tells what came out of it, from files of the results, and how to go on after a failure."""

import json

import pandas as pd
import pytest

from cuealign.config.entries.grid import Experiment
from cuealign.reporting import summary

FIRST, SECOND = Experiment("d", "test", "m"), Experiment("d", "test", "n")
TITLES = {"d": "A corpus", "m": "Model (m)"}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A folder with results, which is the current one, and the files in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))

    def put(path, content="x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")

    put("results/metrics/d/test/m/verdict.json", json.dumps({"verdict": "ignores", "reason": "foreign blocks move nothing"}))
    put("results/metrics/d/test/n/verdict.json", json.dumps({"verdict": "follows", "reason": "blocks decide"}))
    rows = {"dataset": ["d", "d"], "split": ["test"] * 2, "model": ["m", "n"], "uar_none": [0.5, 0.25], "none_low": [0.45, None]}
    rows |= {"none_high": [0.55, None], "uar_correct": [0.6, None], "correct_low": [0.55, None], "correct_high": [0.65, None]}
    rows |= {"delta": [0.1, None], "delta_low": [0.0, None], "delta_high": [0.2, None]}
    put("results/tables/uar.csv", pd.DataFrame(rows).to_csv(index=False))
    for path in ("results/tables/uar.md", "results/figures/a.pdf", "results/provenance.json"):
        put(path)
    return tmp_path, put


def made(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_verdicts_uar_and_places_are_told(study):
    folder, _ = study
    verdicts, recalls, places = summary.outcome(made(folder), [FIRST, SECOND], TITLES)
    assert verdicts.splitlines() == [
        "Verdicts",
        "  A corpus test, Model (m)  ignores: foreign blocks move nothing",
        "  A corpus test, n          follows: blocks decide",
    ]
    lines = [line.split("  ") for line in recalls.splitlines()]
    assert [part.strip() for part in lines[2] if part] == [
        *("A corpus test, Model (m)", "0.500 [0.450, 0.550]", "0.600 [0.550, 0.650]", "+0.100 [+0.000, +0.200]")
    ]
    assert [part.strip() for part in lines[3] if part.strip()] == ["A corpus test, n", "0.250", "-", "-"]
    assert [line.split() for line in places.splitlines()[1:]] == [
        ["tables", "results/tables", "(1)"],
        ["figures", "results/figures", "(1)"],
        ["metrics", "results/metrics"],
        ["provenance", "results/provenance.json"],
    ]


@pytest.mark.usefixtures("study")
def test_only_what_was_asked_for_is_told():
    assert summary.outcome({"results/corpora/d/tokens.parquet"}, [FIRST], TITLES) == []
    (verdicts, places) = summary.outcome({"results/metrics/d/test/m/verdict.json"}, [FIRST, SECOND], TITLES)
    assert "Model (m)" in verdicts
    assert "follows" not in verdicts
    assert "tables" not in places


def test_the_page_is_named_if_it_is_there(study):
    folder, put = study
    put("results/report/index.html")
    assert "  page        results/report/index.html" in summary.outcome(made(folder), [FIRST], TITLES)[-1].splitlines()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"verdict": "ignores"}'])
def test_a_damaged_verdict_is_named_and_the_others_are_told(study, content):
    folder, put = study
    put("results/metrics/d/test/m/verdict.json", content)
    verdicts, *_ = summary.outcome(made(folder), [FIRST, SECOND], TITLES)
    assert "verdict.json is not as the workflow wrote it; delete it and run the workflow again" in verdicts.splitlines()[1]
    assert verdicts.splitlines()[2].endswith("follows: blocks decide")


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "dataset,split,model,uar_none\nd,test,m,high\n", "\0"])
def test_a_damaged_table_of_recalls_is_named(study, content):
    folder, put = study
    put("results/tables/uar.csv", content)
    _, recalls, _ = summary.outcome(made(folder), [FIRST, SECOND], TITLES)
    assert "uar.csv is not as the workflow wrote it; delete it and run the workflow again" in recalls


def test_a_study_of_many_models_is_told_in_few_lines(study):
    folder, put = study
    many = [Experiment("d", "test", f"m{number}") for number in range(400)]
    for each in many:
        put(f"results/metrics/{each}/verdict.json", json.dumps({"verdict": "ignores", "reason": "r"}))
    verdicts = summary.outcome(made(folder), many, TITLES)[0].splitlines()
    assert len(verdicts) == summary.MOST_MODELS + 2
    assert verdicts[-1] == f"  and {400 - summary.MOST_MODELS} more, in results/tables/verdicts.md"


def test_warnings_have_a_limit_in_number_and_length():
    (told,) = summary.warnings(["x" * 281_582] * 2000)
    assert told.startswith("Warnings (2,000)\n")
    assert len(told) < (summary.MOST_CHARACTERS + 20) * (summary.MOST_WARNINGS + 2)
    assert told.endswith(f"  and {2000 - summary.MOST_WARNINGS:,} more, in logs/")
    assert summary.warnings([]) == []


@pytest.mark.usefixtures("study")
def test_a_failed_run_tells_its_errors_and_the_command_that_goes_on():
    jobs, command = summary.failure([("read_corpus d", "m.csv: 1 problem\n  - line 3: x", "logs/a.log")], "snakemake --cores 2")
    assert jobs.splitlines() == ["Failed (1)", "  read_corpus d (logs/a.log)", "    m.csv: 1 problem", "      - line 3: x"]
    assert command.splitlines()[0].endswith("Correct what the error names; then this goes on:")
    assert command.splitlines()[1] == "  snakemake --cores 2"
    (stopped,) = summary.failure([], "snakemake --cores 2")
    assert stopped == "What is finished is kept. This goes on:\n  snakemake --cores 2"
