"""What docs/results.md says of the files of a study is what the rules make and what studies leave."""

import re
from pathlib import Path

import pytest

from cuealign.config.settings import ANALYSES, TABLES
from cuealign.reporting.files import PARTS, kinds
from cuealign.reporting.files.document import page
from cuealign.reporting.files.entry import ResultFile, described
from tests.support import ROOT
from tests.support.result_files import columns_of, left, quantities_of

FILES = [file for files in PARTS.values() for file in files]
RULES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))


def differences(folder: Path) -> list[str]:
    """What the results of a study have that is not said, or lack that is."""
    found = []
    for path in left(folder):
        if len(fitting := kinds(path)) != 1:
            found.append(f"{path}: described {len(fitting)} times")
            continue
        (file,) = fitting
        if file.columns:
            found += [f"{path}: {problem}" for problem in file.misfits(columns_of(folder / path))]
        if file.rows:
            found += [f"{path}: the row {name} is not described" for name in file.unknown_rows(quantities_of(folder / path))]
    return found


def test_the_page_is_written_from_the_code():
    assert (ROOT / "docs/results.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_a_study_leaves_the_files_and_columns_that_are_described(small_study):
    assert differences(small_study) == []


@pytest.mark.long
@pytest.mark.usefixtures("demo_made")
def test_the_demo_leaves_the_files_and_columns_that_are_described():
    assert differences(ROOT) == []
    made = {file.pattern for path in left(ROOT) for file in kinds(path)}
    # The plan is made on request, plans of jobs on GPUs only, and two tables only with the paper's corpora.
    others = {file.pattern for file in FILES if re.search(r"results/plan|store/plans|tables/(aibo|iemocap)", file.pattern)}
    assert {file.pattern for file in FILES} - made <= others


def outputs() -> list[tuple[str, str]]:
    """Every output and benchmark below results/ that a rule names, with the rule; wildcards stand for themselves."""
    found = []
    patterns = dict(re.findall(r'^(\w+) = "(results/.+)"$', RULES, re.MULTILINE))
    for rule, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", RULES, re.MULTILINE):
        for section in re.findall(r"^    (?:output|benchmark):\n((?:        .*\n)+)", body, re.MULTILINE):
            found += [(rule, path) for path in re.findall(r'"(results/[^"]+)"', section)]
            found += [(rule, patterns[name]) for name in re.findall(r"=([A-Z]+),", section)]
    return found


def test_the_outputs_of_all_rules_are_found():
    made = {rule for rule, _ in outputs()}
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert made == scripts


@pytest.mark.parametrize(("rule", "path"), [pytest.param(*each, id=" ".join(each)) for each in outputs()])
def test_every_output_of_a_rule_is_described_with_its_rule(rule, path):
    folder = f'directory("{path}")' in RULES
    example = re.sub(r"\{+(\w+)\}+", r"\1", path) + ("/file" if folder else "")
    for named in examples(path, example):
        assert len(fitting := kinds(named)) == 1, named
        assert rule in fitting[0].rule.split(", ")


def examples(path: str, example: str) -> list[str]:
    """Paths that an output stands for: all analyses, and all tables, whose names the config has."""
    if "{analysis}" in path:
        return [example.replace("analysis.csv", f"{name}.csv") for name in ("conditions", "comparisons", "trend", "confusion", "shifts")]
    if path == "results/tables/{table}.csv":
        return [file.pattern for file in FILES if file.pattern.startswith("results/tables/") and file.pattern.endswith(".csv")]
    return [example]


def test_every_rule_that_is_named_is_one_of_the_workflow():
    rules = set(re.findall(r"^(?:use )?rule (?:\w+ as )?(\w+)", RULES, re.MULTILINE))
    named = {rule for file in FILES if file.rule != "every rule" for rule in file.rule.split(", ")}
    assert named <= rules


def test_every_default_analysis_and_table_is_described():
    paths = [f"results/metrics/d/s/m/{name}.csv" for name in ANALYSES] + [f"results/tables/{name}.csv" for name in TABLES]
    assert [path for path in paths if len(kinds(path)) != 1] == []


def test_what_is_not_said_of_a_file_is_found():
    file = ResultFile("results/a/{name}.csv", "r", "w", {"x": "1", "y": "2", "z": "3"}, optional=("z",), further={"more_": "4"})
    assert file.misfits(["x", "y"]) == file.misfits(["x", "y", "z", "more_1"]) == []
    assert file.misfits(["x"]) == ["y is missing"]
    assert file.misfits(["x", "y", "w"]) == ["w is not described"]
    assert file.misfits(["y", "x"]) == ["the order is y, x"]
    assert not file.matches("results/a/b/c.csv")
    assert not file.matches("results/a/b.csv.gz")
    assert ResultFile("results/a/", "r", "w").matches("results/a/b/c.flac")
    rows = ResultFile("p", "r", "w", {"quantity": "q"}, rows={"flips_<condition>": "1", "gain": "2"})
    assert rows.unknown_rows(["gain", "flips_corrupt_p0.4", "gains"]) == ["gains"]


def test_a_column_without_a_meaning_is_refused():
    with pytest.raises(ValueError, match=r"without a meaning: \['x'\]; meanings without a column: \['y'\]"):
        described(["utterance", "x"], {"y": "1"})
