"""A damaged file of any stage is named with what to delete, and how to go on."""

import json
import re
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cuealign.config.entries.grid import Experiment
from cuealign.config.grid import runs
from cuealign.core.errors import InputError
from cuealign.core.plain_files import read_json, read_written
from cuealign.core.schema import DESCRIPTOR_MEANS, MANIFEST, PREDICTIONS, RESPONSES, TOKEN_SEQUENCES, UTTERANCES, read_tokens
from cuealign.core.vocabulary import CONCEPTS
from cuealign.corpora import audit
from cuealign.cues.tokenizer import ConceptTokenizer
from cuealign.evaluation.columns import FOUND_BY_JOBS, INTERACTIONS, KEYS, MAY_BE_EMPTY
from cuealign.reporting.page.cover import Part
from cuealign.reporting.page.reading import conditions_of, drawing_of, points_of, provenance_of, table_of
from cuealign.reporting.results import Results
from cuealign.runtime import job
from tests.support.workflow import results_of

EXPERIMENT = Experiment("emosynth", "test", "listener-cues")


def of_results(read: Callable[[Any], Any]) -> Callable[[Path, Any], Any]:
    """Reads a file as tables and figures do."""
    return lambda folder, settings: read(results_of(folder, settings))


def directly(read: Callable[[Path], Any], file: str) -> Callable[[Path, Any], Any]:
    return lambda folder, _settings: read(folder / "results" / file)


READERS: dict[str, Callable[[Path, Any], Any]] = {
    file: directly(read, file)
    for file, read in {
        "corpora/emosynth/utterances.parquet": UTTERANCES.read,
        "corpora/emosynth/audit.csv": audit.read,
        "corpora/emosynth/manifest.parquet": MANIFEST.read,
        "corpora/emosynth/descriptors.parquet": DESCRIPTOR_MEANS.read,
        "corpora/emosynth/tokenizer.json": ConceptTokenizer.read,
        "corpora/emosynth/tokens.parquet": TOKEN_SEQUENCES.read,
        "interventions/emosynth/test/shuffle/p0/seed1.parquet": read_tokens,
        "responses/emosynth/test/cue-tiny/shard0.parquet": RESPONSES.read,
        "responses/emosynth/test/cue-tiny/shard0.checks.json": lambda path: read_json(path, FOUND_BY_JOBS),
        "predictions/emosynth/test/cue-tiny/none/p0/seed0.parquet": PREDICTIONS.read,
    }.items()
} | {
    "corpora/emosynth/counts.json": of_results(lambda results: results.counts("emosynth")),
    "metrics/emosynth/test/listener-cues/verdict.json": of_results(lambda results: results.verdict(EXPERIMENT)),
    "metrics/emosynth/test/models.csv": of_results(lambda results: results.model_pairs("emosynth", "test")),
    **{
        f"metrics/emosynth/test/listener-cues/{name}.csv": of_results(lambda results, name=name: results.metrics(EXPERIMENT, name))
        for name in ("conditions", "comparisons", "trend", "confusion", "shifts", "checks", "reliance", "reading", "speakers")
    },
}

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "no text": lambda content: b"\xff\xfe\x80" + content,
    "zeros": lambda content: b"\0" * len(content),
    "another file": lambda _: b"one,two\n1,2\n",
}


@pytest.fixture
def folder(small_study, tmp_path):
    """Results of the small study, without its sound and its models."""
    for stage in ("corpora", "interventions", "responses", "predictions", "metrics"):
        shutil.copytree(small_study / "results" / stage, tmp_path / "results" / stage)
    return tmp_path


@pytest.mark.parametrize("file", READERS)
def test_a_damaged_file_of_any_stage_is_named_with_what_to_do(folder, small_settings, file):
    READERS[file](folder, small_settings)
    whole = (folder / "results" / file).read_bytes()
    for what, damage in DAMAGES.items():
        (folder / "results" / file).write_bytes(damage(whole))
        with pytest.raises(InputError) as error:
            READERS[file](folder, small_settings)
        first = str(error.value).splitlines()[0]
        assert first.startswith(f"{folder}/results/{file}"), what
        assert "delete it and run the workflow again" in str(error.value), what


@pytest.mark.parametrize("file", [file for file in READERS if file.endswith(".parquet")])
def test_a_table_that_lost_a_column_is_named(folder, small_settings, file):
    path = folder / "results" / file
    table = pq.read_table(path)
    for column in [name for name in table.column_names if not name.startswith("logprob_")]:
        pq.write_table(table.drop_columns([column]), path)
        with pytest.raises(InputError, match=f"column '{re.escape(column)}' is missing"):
            READERS[file](folder, small_settings)


@pytest.mark.parametrize("file", [file for file in READERS if file.endswith(".csv")])
def test_a_csv_that_lost_a_column_or_holds_text_for_numbers_is_named(folder, small_settings, file):
    path = folder / "results" / file
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in table:
        table.drop(columns=column).to_csv(path, index=False)
        with pytest.raises(InputError, match=re.escape(f"column '{column}'")):
            READERS[file](folder, small_settings)
    numbers = [name for name in ("n", "uar", "delta", "value", "effect", "count", "duration", "follow_index") if name in table]
    for column in numbers:
        table.assign(**{column: "many"}).to_csv(path, index=False)
        with pytest.raises(InputError, match=column):
            READERS[file](folder, small_settings)


@pytest.mark.parametrize("file", [file for file in READERS if file.endswith(".json") and "tokenizer" not in file])
def test_a_json_file_that_lost_a_key_is_named(folder, small_settings, file):
    path = folder / "results" / file
    whole = json.loads(path.read_text())
    refused = 0
    for key in whole:
        path.write_text(json.dumps({name: value for name, value in whole.items() if name != key}))
        try:
            READERS[file](folder, small_settings)
        except InputError as error:
            refused += f"lacks {key}; delete it" in str(error)
    assert refused >= min(len(whole), 1)


def lost(query: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Without the rows that a query finds."""
    return lambda table: table.drop(table.query(query).index[:1])


def put(column: str, value: str, row: int = 1) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """With another value in a row."""
    return lambda table: table.assign(**{column: [value if place == row else each for place, each in enumerate(table[column])]})


def twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[:1]])


def without_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:0]


CHANGES = [
    *((name, twice, "a second row of ") for name in KEYS),
    *((name, put(column, "", 0), f"line 2: {column} is empty") for name, key in KEYS.items() for column in key),
    *((name, without_rows, "has no rows") for name in KEYS if name not in MAY_BE_EMPTY),
    *((name, put("intervention", "shufle", 0), "'shufle', which there is not") for name, key in KEYS.items() if "intervention" in key),
    *((name, put("label", "cheerful"), "'cheerful', which the dataset does not have") for name in ("confusion", "reading")),
    ("conditions", put("p", "0.5"), "line 3: p is '0.5', which is no strength of correct"),
    ("conditions", put("seed", "1"), "line 3: seed is '1', which is no seed of correct"),
    ("conditions", lost("intervention == 'shuffle' and seed == 'mean'"), "has no row of shuffle 0 mean"),
    ("conditions", lambda table: table.query("intervention != 'shuffle' or seed == 'mean'"), "has no row of shuffle 0 any seed"),
    ("comparisons", put("a", "inf"), "line 3: a is 'inf', which is no condition"),
    ("comparisons", put("b", "shuffle(0.5)"), "line 3: b is 'shuffle(0.5)', which is no condition"),
    ("confusion", put("prediction", "cheerful"), "'cheerful', which is no label"),
    ("confusion", lost("label == 'happy' and prediction == 'INVALID'"), "has no row of none 0 happy INVALID"),
    ("shifts", lost("quantity == 'recall:happy'"), "has no row of none 0 recall:happy"),
    ("shifts", lambda table: table.query("quantity != 'predicted:happy'"), "has no row of none 0 predicted:happy"),
    ("reliance", lost("quantity == 'answers_moved'"), "has no row of answers_moved"),
    ("checks", lost("quantity == 'entropy'"), "has no row of entropy"),
    ("reading", put("token", "HUGE"), "'HUGE', which is no token of ENERGY"),
    ("reading", put("concept", "PITCHES"), "'PITCHES', which is no concept"),
    ("reading", lost("label == 'happy' and concept == 'PITCH'"), "has no row of happy PITCH "),
    ("interactions", put("concept_b", "PITCHES"), "'PITCHES', which is no concept"),
    ("interactions", lost("concept_b == 'PITCH'"), "has no row of ENERGY PITCH"),
]


@pytest.mark.parametrize(("name", "change", "said"), [pytest.param(*each, id=f"{each[0]}: {each[2]}") for each in CHANGES])
def test_rows_that_are_lost_doubled_or_of_nothing_are_named(folder, small_settings, name, change, said):
    file = f"metrics/emosynth/test/listener-cues/{name}.csv"
    if name == "interactions":  # the small study has too few trials for them
        pairs = pd.DataFrame([(*pair, 0.1, 0.0, 0.2) for pair in combinations(CONCEPTS, 2)], columns=INTERACTIONS)
        pairs.to_csv(folder / "results" / file, index=False)
        results_of(folder, small_settings).metrics(EXPERIMENT, name)
    changed(folder, file, change)
    with pytest.raises(InputError, match=f"{re.escape(file)}.*{re.escape(said)}.*; delete it and run the workflow again"):
        results_of(folder, small_settings).metrics(EXPERIMENT, name)


def changed(folder: Path, file: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change the rows of a file."""
    path = folder / "results" / file
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (twice, "a second row of cue-tiny listener-audio uar_none"),
        (put("a", ""), "line 3: a is empty"),
        (put("quantity", ""), "line 3: quantity is empty"),
        (put("b", "cue-tinny"), "line 3: 'cue-tinny' is no model of the study"),
        (without_rows, "has no row of cue-tiny listener-audio uar_none"),
        (lost("quantity == 'gain' and b == 'listener-cues'"), "has no row of cue-tiny listener-cues gain"),
    ],
)
def test_rows_of_pairs_of_models_are_named(folder, small_settings, change, said):
    changed(folder, "metrics/emosynth/test/models.csv", change)
    with pytest.raises(InputError, match=rf"models\.csv.*{said}; delete it"):
        results_of(folder, small_settings).model_pairs("emosynth", "test")


def test_a_speaker_is_not_lost_in_silence(folder, small_settings):
    results = results_of(folder, small_settings)
    first, *_ = results.speakers(EXPERIMENT)["speaker"]
    changed(folder, "metrics/emosynth/test/listener-cues/speakers.csv", lambda table: table.iloc[1:])
    with pytest.raises(InputError, match=rf"speakers\.csv: has no row of {first}; delete it and run the workflow again"):
        results.speakers(EXPERIMENT)


@pytest.mark.parametrize(
    ("name", "change", "read", "said"),
    [
        ("comparisons", without_rows, Results.comparisons, r"comparisons\.csv: has no row of correct and none"),
        ("comparisons", lost("a == 'corrupt(1.0)'"), Results.comparisons, r"comparisons\.csv: has no row of corrupt\(1\.0\) and none"),
        ("conditions", lost("intervention == 'none'"), Results.comparisons, r"comparisons\.csv: has a row of correct and none"),
        ("trend", without_rows, Results.trends, r"trend\.csv: has no row of corrupt"),
        ("trend", put("intervention", "shuffle", 0), Results.trends, r"trend\.csv: has no row of corrupt"),
        ("reading", without_rows, Results.effects, r"reading\.csv: has no rows"),
    ],
)
def test_rows_that_another_file_tells_of_are_not_lost_in_silence(folder, small_settings, name, change, read, said):
    results = results_of(folder, small_settings)
    read(results, EXPERIMENT)
    changed(folder, f"metrics/emosynth/test/listener-cues/{name}.csv", change)
    with pytest.raises(InputError, match=rf"{said}.*, unlike (conditions|reliance)\.csv; delete both and run the workflow again"):
        read(results, EXPERIMENT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lost("intervention == 'correct'"), "has no row of correct 0 0"),
        (put("intervention", "blank"), "has a row that the study does not run: blank 0 0|has no row of correct 0 0"),
    ],
)
def test_the_page_finds_conditions_that_are_not_those_of_the_grid(folder, small_settings, change, said):
    results = results_of(folder, small_settings)
    asked = conditions_of(run.condition for run in runs(small_settings.grid) if run.experiment == EXPERIMENT)
    points_of(results, EXPERIMENT, asked)
    changed(folder, "metrics/emosynth/test/listener-cues/conditions.csv", change)
    with pytest.raises(InputError, match=rf"listener-cues/conditions\.csv: ({said}); delete it"):
        points_of(results, EXPERIMENT, asked)


def at(place: str, value: Any) -> Callable[[Any], Any]:
    """With another value at a place such as ``numbers.chance``; no value if that is ``...``."""

    def edit(content: Any) -> Any:
        whole = inner = json.loads(json.dumps(content))
        *path, last = [int(part) if part.isdecimal() else part for part in place.split(".")]
        for part in path:
            inner = inner[part]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
        return whole

    return edit


def instead(value: Any) -> Callable[[Any], Any]:
    return lambda _content: value


TABLE, FIGURE, PROVENANCE = "tables/uar.json", "figures/tokens_emosynth.json", "provenance.json"
VERDICT, SUMMARY = "metrics/emosynth/test/listener-cues/verdict.json", "report/emosynth_test.json"
SHAPES: dict[str, Callable[[Path, Any], Any]] = {
    TABLE: lambda folder, _settings: table_of(folder / "results", "uar"),
    FIGURE: lambda folder, _settings: drawing_of(folder / "results", "tokens_emosynth", []),
    PROVENANCE: lambda folder, _settings: provenance_of(folder / "results"),
    SUMMARY: directly(lambda path: read_written(path, Part), SUMMARY),
    VERDICT: READERS[VERDICT],
}
MISSHAPEN = [
    *((file, instead([]), "is not what the workflow wrote") for file in SHAPES),
    *((file, instead(3), "is not what the workflow wrote") for file in SHAPES),
    (TABLE, instead({}), "lacks caption"),
    (TABLE, at("rows.0.0", 3), "rows.0.0 is '3'"),
    (TABLE, at("rows.0.0", ...), "rows.0 has "),
    (TABLE, at("cautions", "none"), "cautions is 'none'"),
    (FIGURE, at("places", ...), "lacks places"),
    (FIGURE, at("places.0.box", [0.1, 0.2]), "places.0.box is "),
    (FIGURE, at("places.0.utterances", [0]), "places.0.utterances is "),
    (PROVENANCE, at("workflow", "today"), "workflow is 'today'"),
    (PROVENANCE, at("datasets.emosynth.hours", ...), "lacks datasets.emosynth.hours"),
    (PROVENANCE, at("responses.0.fingerprint", "ab"), "responses.0.fingerprint is 'ab'"),
    (SUMMARY, instead({"title": 3}), "title is '3'"),
    (SUMMARY, at("verdicts.0.sentence", ...), "lacks verdicts.0.sentence"),
    (VERDICT, at("verdict", "obeys"), "verdict is 'obeys'"),
    (VERDICT, at("reference", "silence"), "reference is 'silence'"),
    (VERDICT, at("numbers.follow_index", ...), "lacks numbers.follow_index"),
    (VERDICT, at("numbers.follow_index.low", ...), "lacks numbers.follow_index.low"),
    (VERDICT, at("numbers.follow_index.low", "0.1"), "numbers.follow_index.low is '0.1'"),
    (VERDICT, at("numbers.follow_index.value", float("nan")), "numbers.follow_index.value is 'nan'"),
    (VERDICT, at("numbers.uar_none.confidence", 95), "numbers.uar_none.confidence is '95'"),
    (VERDICT, at("numbers.uar_none.confidence", None), "numbers.uar_none.confidence is 'None'"),
    (VERDICT, at("numbers.noise_floor", True), "numbers.noise_floor is 'True'"),
    (VERDICT, at("margins.uar", "0.02"), "margins.uar is '0.02'"),
    (VERDICT, at("margins.uar", ...), "lacks margins.uar"),
    (VERDICT, at("other_margins", []), "lacks other_margins.0"),
    (VERDICT, at("other_margins.1.factor", 3), "other_margins.1.factor is '3"),
    (VERDICT, at("other_margins.1.verdict", "obeys"), "other_margins.1.verdict is 'obeys'"),
    (VERDICT, at("missing", [1]), "missing.0 is '1'"),
]


@pytest.mark.parametrize(("file", "change", "said"), [pytest.param(*each, id=f"{each[0]}: {each[2]}") for each in MISSHAPEN])
def test_json_of_another_shape_is_named_with_the_part(folder, small_study, small_settings, file, change, said):
    for stage in ("tables", "figures", "report"):
        shutil.copytree(small_study / "results" / stage, folder / "results" / stage)
    path = folder / "results" / file
    shutil.copy(small_study / "results" / file, path)
    SHAPES[file](folder, small_settings)
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(InputError, match=rf"^{re.escape(f'{path}: {said}')}.*; delete it and run the workflow again$"):
        SHAPES[file](folder, small_settings)


@pytest.mark.parametrize(
    ("file", "damages"),
    [
        ("figures/tokens_emosynth.svg", [*DAMAGES.values(), None]),
        ("tables/uar.csv", [DAMAGES["empty"], DAMAGES["no text"], DAMAGES["zeros"], lambda content: content[:-1], None]),
    ],
)
def test_a_damaged_file_beside_the_json_of_a_table_or_figure_is_named(folder, small_study, small_settings, file, damages):
    for stage in ("tables", "figures"):
        shutil.copytree(small_study / "results" / stage, folder / "results" / stage)
    path = folder / "results" / file
    whole = path.read_bytes()
    for damage in damages:
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage(whole))
        with pytest.raises(InputError, match=rf"^{re.escape(str(path))}: .*; delete it and run the workflow again$"):
            SHAPES[str(Path(file).with_suffix(".json"))](folder, small_settings)


def test_a_damaged_record_of_a_job_is_named(small_study, tmp_path, monkeypatch):
    shutil.copytree(small_study / "results/provenance", tmp_path / "results/provenance")
    monkeypatch.chdir(tmp_path)
    (record,) = Path("results/provenance").glob("synthesise.json")
    record.write_text("{")
    with pytest.raises(InputError, match=r"synthesise\.json: cannot be read .*; delete it"):
        list(job.records())
