"""Tables over the results of the small study."""

import shutil
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cuealign.config.entries.grid import Experiment
from cuealign.config.grid import runs
from cuealign.core.registry import NoOptions
from cuealign.core.schema import tokens_schema
from cuealign.interventions.apply import apply_intervention
from cuealign.reporting.escaping import markdown
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.figures.style import Page, styled
from cuealign.reporting.numbers import below_value, interval, number, p_value, signed
from cuealign.reporting.results import Results
from cuealign.reporting.tables import TABLES, uar_rows
from tests.support.prompts import TEMPLATE


def build(name, results, published):
    return TABLES.get(name)(results, published, NoOptions())


MADE = [name for name in TABLES.names() if name not in ("aibo", "iemocap")]
"""Tables of the small study."""


@pytest.mark.parametrize("name", MADE)
def test_tables_are_rebuilt_to_the_same_bytes(small_study, results, published, name):
    content = build(name, results, published)
    made = {"csv": content.csv(), "md": content.md(), "json": content.json(), "tex": content.tex(f"tab:{name}")}
    for kind, text in made.items():
        assert text == (small_study / f"results/tables/{name}.{kind}").read_text(encoding="utf-8")
    assert content.md().startswith(f"**{markdown(content.caption)}**")
    assert content.tex().count(r"\begin{") == content.tex().count(r"\end{")


@pytest.mark.parametrize("name", [name for name in TABLES.names() if name != "concepts"])
def test_files_hold_ids_and_displays_hold_titles(results, published, name):
    content = build(name, results, published)
    for column, registry in (("dataset", results.datasets), ("model", results.models)):
        if column in content.values and len(content.values):
            assert set(content.values[column]) <= set(registry)
            shown = content.display[column.capitalize()]
            assert list(dict.fromkeys(shown)) == list(dict.fromkeys(registry[identifier].title for identifier in content.values[column]))


def test_another_title_changes_no_number_and_no_id(results, published):
    renamed = type(results)(
        results.results,
        results.experiments,
        {name: entry.model_copy(update={"title": f"The {name}"}) for name, entry in results.datasets.items()},
        {name: entry.model_copy(update={"title": f"The {name}", "heading": "mine"}) for name, entry in results.models.items()},
    )
    for name in TABLES.names():
        before, after = build(name, results, published).values, build(name, renamed, published).values
        pd.testing.assert_frame_equal(before.drop(columns="heading", errors="ignore"), after.drop(columns="heading", errors="ignore"))
    assert set(build("uar", renamed, published).display["Type"]) == {"mine"}


@dataclass(frozen=True)
class OnlyNeeded(Results):
    """Results of which only some analyses may be read."""

    needs: tuple[str, ...] = ()

    def metrics(self, experiment, analysis):
        assert analysis in self.needs
        return super().metrics(experiment, analysis)

    def verdict(self, experiment):
        assert "verdict" in self.needs
        return super().verdict(experiment)


@pytest.mark.parametrize("name", TABLES.names())
def test_a_table_reads_only_the_analyses_that_it_says_it_needs(results, published, name):
    given = (results.results, results.experiments, results.datasets, results.models)
    needs = TABLES.constant(name, "NEEDS", ())
    # The checks of the models that a table shows are its input too, for their cautions.
    assert build(name, OnlyNeeded(*given, needs=(*needs, "checks") if needs else ()), published).md()


@pytest.fixture
def with_blank(own_study, results):
    """The small study as if the listener to cues had also run on blank blocks, where it did as it did under conflict."""
    folder, experiment = own_study / "results", Experiment("emosynth", "test", "listener-cues")
    tokens = results.tokens("emosynth").drop(columns="label")
    blank = apply_intervention("blank", tokens, TEMPLATE.cue_block, dataset="emosynth", split="test", p="0", seed="0")
    tokens_schema(blank).write(blank, folder / "interventions/emosynth/test/blank/p0/seed0.parquet")
    for analysis in ("conditions", "confusion"):
        file = folder / f"metrics/{experiment}/{analysis}.csv"
        table = pd.read_csv(file, dtype=str)
        pd.concat([table, table[table["intervention"] == "conflict"].assign(intervention="blank")]).to_csv(file, index=False)
    return replace(results, results=folder), experiment


def test_the_table_of_impossible_blocks_leaves_blank_blocks_out(with_blank, results, published):
    assert set(with_blank[0].conditions_with_block("emosynth", "test")) >= {("blank", "0"), ("correct", "0")}
    assert build("blocks", with_blank[0], published).md() == build("blocks", results, published).md()


def test_a_blank_condition_has_its_title_and_its_place_before_corruption(with_blank):
    results, experiment = with_blank
    with styled():
        drawn = FIGURES.get("confusions")(results, Page(2), FIGURES.options("confusions", {}, ""), **vars(experiment))
        titles = [axes.get_title().partition("\n")[0] for axes in drawn.axes]
    assert titles[:6] == ["Audio-only", "Correct", "Shuffle", "Conflict", "Blank", "Corrupt(1.0)"]


def test_a_table_without_a_run_says_so(results, published):
    assert "No run of the dataset 'iemocap'" in build("iemocap", results, published).md()


def test_a_study_without_perturbations_says_so(bare, published):
    assert "No perturbation" in build("interventions", bare, published).md()


def test_a_run_that_is_not_the_papers_says_what_differs(results, published):
    renamed = published.replace({"dataset": {"iemocap": "emosynth"}, "split": {"full": "test"}, "model": {"af3": "cue-tiny"}})
    other = replace(results, deviations={"emosynth/test/cue-tiny": {"": ["instruction", "labels"], "conflict": ["options"]}})
    for name in ("uar", "interventions"):
        content = build(name, other, renamed)
        title = f"{results.models['cue-tiny'].title} on {results.datasets['emosynth'].title} (test)"
        assert f"{title} is not compared with the paper, as these differ: instruction, labels." in content.note
        assert not [column for column in content.display.columns if column == "Paper"]
    only_conflict = replace(results, deviations={"emosynth/test/cue-tiny": {"": [], "conflict": ["options of the intervention"]}})
    values = build("interventions", only_conflict, renamed).values.set_index(["model", "a", "b"])["published_delta"]
    assert values.dropna().index.tolist() == [("cue-tiny", "correct", "none")]
    assert build("uar", only_conflict, renamed).values["published_none"].notna().any()


def test_everything_that_the_paper_reports_of_a_comparison_stands_beside_ours(results, published):
    renamed = published.replace({"dataset": {"iemocap": "emosynth"}, "split": {"full": "test"}, "model": {"af3": "cue-tiny"}})
    content = build("interventions", results, renamed)
    rows = content.values.set_index(["model", "a", "b"])
    row = rows.loc[("cue-tiny", "correct", "conflict")]
    assert row[["published_delta", "published_low", "published_high", "published_p"]].tolist() == [0.018, 0.011, 0.025, 4e-07]
    assert rows.loc[("cue-tiny", "conflict", "none"), "published_p"] == 0.014
    shown = "\n".join(content.display["Paper"])
    assert "[+.011, +.025]\np 4×10⁻⁷" in shown
    assert "UAR .758\np .0140\nHolm p < .05" in shown
    assert "p < 10⁻⁴" in shown


def test_published_values_stand_beside_ours_where_the_same_experiment_was_run(results, published):
    renamed = published.replace({"dataset": {"iemocap": "emosynth"}, "split": {"full": "test"}, "model": {"af3": "cue-tiny"}})
    content = build("uar", results, renamed)
    values = content.values.set_index("model")
    assert values.loc["cue-tiny", "published_correct"] == 0.776
    assert values.loc["cue-tiny", "deviation_correct"] == pytest.approx(values.loc["cue-tiny", "uar_correct"] - 0.776)
    assert np.isnan(values.loc["listener-cues", "published_correct"])
    assert "\npaper .776 (" in content.display["UAR⁺"].tolist()[0]
    compared = build("interventions", results, renamed).values
    row = compared[(compared["model"] == "cue-tiny") & (compared["a"] == "correct") & (compared["b"] == "conflict")].iloc[0]
    assert row["published_delta"] == 0.018
    assert row["deviation"] == pytest.approx(row["delta"] - 0.018)


@pytest.fixture
def with_reference(own_study, results):
    """The small study as if it had run on IEMOCAP, its first listener a contrastive system and the last one of the paper's."""
    for part in ("metrics", "corpora"):
        shutil.copytree(own_study / "results" / part / "emosynth", own_study / "results" / part / "iemocap")
    for path in (own_study / "results/corpora/iemocap").rglob("*.parquet"):
        pq.write_table(pq.ParquetFile(path).read().replace_schema_metadata(None), path)  # of no place
    for path in (own_study / "results/metrics/iemocap").rglob("conditions.csv"):
        table = pd.read_csv(path, dtype=str)
        table.assign(uar_mean_of_sessions=[0.5 + 0.01 * row for row in range(len(table))]).to_csv(path, index=False)
    models = results.models | {"listener-audio": results.models["listener-audio"].model_copy(update={"kind": "contrastive"})}
    ran = [Experiment("iemocap", each.split, each.model) for each in results.experiments]
    return Results(own_study / "results", ran, {"iemocap": results.datasets["emosynth"]}, models)


def test_contrastive_systems_have_a_column_by_session_and_the_table_says_where_their_values_come_from(with_reference, published):
    theirs = published.replace({"split": {"full": "test"}, "model": {"paraclap": "listener-audio", "af3": "cue-tiny"}})
    content = build("iemocap", with_reference, theirs)
    values, shown = content.values.set_index("model"), content.display.set_index("Model")
    assert values.loc["listener-audio", "uar_none_mean_of_sessions"] == 0.5
    assert values.loc["listener-audio", "deviation_none_mean_of_sessions"] == pytest.approx(0.5 - 0.6)
    by_session = shown[f"test {uar_rows.BY_SESSION}"]
    assert by_session[with_reference.models["listener-audio"].title] == ".500\n(−.100)"
    assert by_session[with_reference.models["cue-tiny"].title] == "–"  # its published value is of all sessions together
    assert "UAR⁻ by session: mean of the UARs of the sessions" in content.note
    assert "that of SmoothCLAP" in content.note
    unpublished = build("iemocap", with_reference, published)
    assert unpublished.display.set_index("Model")[f"test {uar_rows.BY_SESSION}"][with_reference.models["listener-audio"].title] == ".500"


def test_without_contrastive_systems_there_is_no_column_by_session(with_reference, results, published):
    content = build("iemocap", replace(with_reference, models=results.models), published)
    assert f"test {uar_rows.BY_SESSION}" not in content.display
    assert "session" not in content.note
    assert content.values["uar_none_mean_of_sessions"].notna().all()


def test_a_study_of_one_of_the_papers_corpora_shows_its_splits_side_by_side_below_the_papers_headings(with_reference, published):
    content = build("iemocap", with_reference, published)
    assert list(content.display)[:4] == ["Type", "Model", "test UAR⁻", f"test {uar_rows.BY_SESSION}"]
    assert content.spanners == ("test",)
    tex = content.tex()
    assert r"\emph{embedded}" in tex
    assert "Table III" not in tex


def test_tables_and_figures_of_what_is_not_run_are_not_shown(small_settings):
    ran = runs(small_settings.grid)
    without = [run for run in ran if run.intervention in ("none", "correct") and run.model == "cue-tiny"]
    for registry, names in ((TABLES, ("interventions", "models", "blocks")), (FIGURES, ("corruption", "grounding", "reading"))):
        for name in names:
            assert registry.constant(name, "shows")(ran)
            assert not registry.constant(name, "shows")(without)
    for name in ("aibo", "iemocap"):
        assert not TABLES.constant(name, "shows")(ran)


def test_a_model_that_no_token_moves_takes_one_row(results, published):
    """Listeners to audio alone do not read tokens."""
    title = results.models["listener-audio"].title
    for name in ("interventions", "shifts", "reading"):
        content = build(name, results, published)
        rows = content.display[content.display["Model"] == title]
        assert len(rows) == 1
        assert rows.iloc[0, 3].startswith("All ")
        assert (content.values["model"] == "listener-audio").sum() > 1  # the CSV has them all


def test_every_caution_stands_in_every_table_that_it_concerns(results, own_study, published):
    experiment = Experiment("emosynth", "test", "cue-tiny")
    file = own_study / f"results/metrics/{experiment}/checks.csv"
    checks = pd.read_csv(file)
    checks.loc[checks["quantity"] == "sounds_cut", ["value", "caution"]] = [1.0, "96 of 96 sounds were cut."]
    checks.to_csv(file, index=False)
    conditions = own_study / f"results/metrics/{experiment}/conditions.csv"
    table = pd.read_csv(conditions, dtype={"p": str, "seed": str})
    table.loc[table["intervention"] == "none", "t_low"] = 0.2
    table.to_csv(conditions, index=False)
    trained = results.models["cue-tiny"].model_copy(
        update={"training": results.models["cue-tiny"].training.model_copy(update={"dataset": "iemocap"})}
    )
    other = replace(results, results=own_study / "results", models=results.models | {"cue-tiny": trained})
    said = ("96 of 96 sounds were cut", "the audio-only prompt is at chance", "was trained on another corpus, iemocap")
    for name in MADE:
        content = build(name, other, published)
        expected = 0 if name in ("concepts", "corpora", "sensitivity", "blocks") else len(said)
        assert sum(any(each in caution for caution in content.cautions) for each in said) == expected
        for text in (content.md(), content.tex(), content.json()):
            assert sum(each in text for each in said) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(0.7544), ".754"),
        (number(-0.0001), ".000"),
        (number(float("nan")), "–"),
        (signed(0.0216), "+.022"),
        (signed(-0.0216), "−.022"),
        (interval(0.731, 0.779), "[.731, .779]"),
        (interval(-0.01, 0.02, sign=True), "[−.010, +.020]"),
        (p_value(0.0142), ".0142"),
        (p_value(4e-7), "4×10⁻⁷"),
        (p_value(0.0), "<10⁻³⁰⁰"),
        (below_value(1e-5), "10⁻⁵"),
        (below_value(0.05), ".05"),
    ],
)
def test_numbers_are_printed_as_papers_print_them(shown, expected):
    assert shown == expected
