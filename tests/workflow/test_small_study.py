"""The whole DAG, on a study small enough to run here: complete, and true to its predictions."""

import importlib.metadata

import pandas as pd
import pytest
from sklearn.metrics import recall_score

from cuealign.core.schema import PREDICTIONS
from tests.support import ROOT
from tests.support.workflow import conditions, snakemake


def test_library_is_importable_in_jobs_without_being_installed(small_study):
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("cuealign")
    assert (small_study / "results/provenance.json").is_file()


KINDS = ("csv", "tex", "md", "json")


def test_every_result_is_there(small_study, small_settings):
    expected = [f"tables/{name}.{kind}" for name in small_settings.tables if name not in ("aibo", "iemocap") for kind in KINDS]
    names = ["tokens_emosynth", "corruption_emosynth_test", "grounding"]
    names += ["confusions_emosynth_test_cue-tiny", "reading_emosynth_test_cue-tiny", "reliance_emosynth_test"]
    expected += [f"figures/{name}.{kind}" for name in names for kind in ("pdf", "png", "svg", "tex", "json")]
    expected += ["report/emosynth_test.html", "report/index.html"]
    missing = [path for path in expected if not (small_study / "results" / path).stat().st_size]
    assert not missing


def test_every_utterance_has_a_prediction_in_every_condition(small_study):
    found = list((small_study / "results/predictions").rglob("*.parquet"))
    assert len(found) == 3 * 9
    for path in found:
        assert len(PREDICTIONS.read(path)) == 6 * 4 * 4


def test_a_listener_to_the_audio_does_not_move(small_study):
    comparisons = pd.read_csv(small_study / "results/metrics/emosynth/test/listener-audio/comparisons.csv")
    assert len(comparisons) == 9
    assert (comparisons["delta"] == 0).all()
    assert (comparisons[["ci_low", "ci_high", "t_low", "t_high"]] == 0).all(axis=None)
    assert (comparisons["swap_p"] == 1).all()
    assert (comparisons["mcnemar_p"] == 1).all()


def test_a_listener_to_the_cues_falls_below_its_audio_only_level_under_conflict(small_study):
    uar = conditions(small_study, "listener-cues").set_index("intervention")["uar"]
    assert uar["none"] == 0.25  # without cues it says the same of every utterance
    assert uar["conflict"] < uar["none"] < uar["correct"]


def test_metrics_agree_with_the_predictions(small_study):
    table = conditions(small_study, "cue-tiny")
    for row in table[table["seed"] != "mean"].itertuples():
        path = small_study / f"results/predictions/emosynth/test/cue-tiny/{row.intervention}/p{row.p}/seed{row.seed}.parquet"
        predicted = PREDICTIONS.read(path)
        labels = sorted(set(predicted["label"]))
        expected = recall_score(predicted["label"], predicted["prediction"], labels=labels, average="macro", zero_division=0)
        assert row.uar == pytest.approx(expected, abs=1e-9)


def test_the_plan_of_a_study_takes_its_rates_from_jobs_that_ran(own_study):
    done = snakemake(own_study, "--cores", "2", "plan", configfile=own_study / "small.yaml")
    assert done.returncode == 0, done.stderr
    plan = pd.read_csv(own_study / "results/plan.csv", keep_default_na=False)
    assert plan["source"].tolist() == ["measured here"] * 3
    assert plan["model"].tolist() == ["cue-tiny", "listener-audio", "listener-cues"]
    prompts = pd.read_parquet(own_study / "results/responses/emosynth/test/cue-tiny/shard0.parquet")
    assert plan["prompts"].tolist() == [len(prompts)] * 3
    assert plan["utterances"].tolist() == [prompts["utterance"].nunique()] * 3
    again = snakemake(own_study, "-n", configfile=own_study / "small.yaml")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_snakemakes_report_is_made_offline_with_captions(own_study):
    done = snakemake(own_study, "--report", "report.html", configfile=own_study / "small.yaml")
    assert done.returncode == 0, done.stderr
    report = (own_study / "report.html").read_text(encoding="utf-8")
    assert len(report) > 100_000
    assert "Concept tokens within each emotion" in report
    assert "UAR of every model and split of this study" in report


def test_the_environment_of_the_account_changes_no_byte(small_study, own_study):
    made = ["figures/tokens_emosynth.svg", "figures/tokens_emosynth.png", "tables/uar.md", "tables/uar.tex", "plan.md"]
    for name in made:
        (own_study / "results" / name).unlink(missing_ok=True)
    foreign = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # of a notebook
        **{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        "HOME": "/proc/nowhere",  # where nobody can write
    }
    targets = [f"results/{name}" for name in made]
    profile = ("--workflow-profile", str(ROOT / "profiles/default"))
    done = snakemake(own_study, "--cores", "2", *profile, *targets, configfile=own_study / "small.yaml", **foreign)
    assert done.returncode == 0, done.stderr
    for name in made[:-1]:
        assert (own_study / "results" / name).read_bytes() == (small_study / "results" / name).read_bytes()
