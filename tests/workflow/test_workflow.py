"""The whole DAG, on a study small enough to run here: complete, repeatable, resumable, and sparing."""

import copy
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from cuealign.core.schema import PREDICTIONS
from cuealign.reporting import figures, provenance, tables
from cuealign.reporting.figures.style import save, styled
from cuealign.reporting.results import Results
from tests.support import ROOT, releases
from tests.support.config import merge, shipped
from tests.support.workflow import SMALL, command, environment, parts, snakemake


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The small study, run to the end."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))
    done = snakemake(folder, "--cores", "2", configfile=folder / "small.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def settings():
    from cuealign.config.settings import load

    return load(merge(shipped(), copy.deepcopy(SMALL)))


@pytest.fixture(scope="module")
def study(small, settings):
    values = settings.model_dump(mode="json")
    cells = list(dict.fromkeys((run.dataset, run.split, run.model) for run in settings.runs()))
    return Results(small / "results", cells, values["datasets"], values["models"])


def test_the_plan_of_a_study_takes_its_rates_from_jobs_that_ran(small):
    done = snakemake(small, "--cores", "2", "plan", configfile=small / "small.yaml")
    assert done.returncode == 0, done.stderr
    plan = pd.read_csv(small / "results/plan.csv", keep_default_na=False)
    assert plan["source"].tolist() == ["measured here"] * 3
    prompts = pd.read_parquet(small / "results/responses/emosynth/test/cue-tiny/shard0.parquet")
    assert plan["prompts"].tolist() == [len(prompts)] * 3
    assert plan["utterances"].tolist() == [prompts["utterance"].nunique()] * 3
    again = snakemake(small, "-n", configfile=small / "small.yaml")
    assert "Nothing to be done" in again.stdout + again.stderr


def conditions(folder, model):
    return pd.read_csv(folder / f"results/metrics/emosynth/test/{model}/conditions.csv", dtype={"p": str, "seed": str})


def test_library_is_importable_in_jobs_without_being_installed(small):
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("cuealign")
    assert (small / "results/provenance.json").is_file()


def test_every_result_is_there(small, settings):
    expected = [f"tables/{name}.{kind}" for name in settings.tables for kind in ("csv", "tex", "md")]
    names = ["tokens_emosynth", "corruption_emosynth_test", "grounding"]
    names += [f"confusions_emosynth_test_{model}" for model in ("cue-tiny", "listener-audio", "listener-cues")]
    expected += [f"figures/{name}.{kind}" for name in names for kind in ("pdf", "png", "svg")]
    missing = [path for path in expected if not (small / "results" / path).stat().st_size]
    assert not missing


def test_second_run_has_nothing_to_do(small):
    again = snakemake(small, "--cores", "2", configfile=small / "small.yaml")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_every_utterance_has_a_prediction_in_every_condition(small):
    tables_found = list((small / "results/predictions").rglob("*.parquet"))
    assert len(tables_found) == 3 * 6
    for path in tables_found:
        assert len(PREDICTIONS.read(path)) == 4 * 4 * 4


def test_deaf_listener_does_not_move(small):
    comparisons = pd.read_csv(small / "results/metrics/emosynth/test/listener-audio/comparisons.csv")
    assert len(comparisons) == 9
    assert (comparisons[["delta", "ci_low", "ci_high"]] == 0).all(axis=None)
    assert (comparisons["mcnemar_p"] == 1).all()


def test_listener_to_cues_falls_below_its_audio_only_level_under_conflict(small):
    uar = conditions(small, "listener-cues").set_index("intervention")["uar"]
    assert uar["none"] == 0.25  # without cues it says the same of every utterance
    assert uar["conflict"] < uar["none"] < uar["correct"]


def test_metrics_agree_with_the_predictions(small):
    from sklearn.metrics import recall_score

    table = conditions(small, "cue-tiny")
    for row in table[table["seed"] != "mean"].itertuples():
        path = small / f"results/predictions/emosynth/test/cue-tiny/{row.intervention}/p{row.p}/seed{row.seed}.parquet"
        predicted = PREDICTIONS.read(path)
        labels = sorted(set(predicted["label"]))
        expected = recall_score(predicted["label"], predicted["prediction"], labels=labels, average="macro", zero_division=0)
        assert row.uar == pytest.approx(expected, abs=1e-9)


def test_a_further_seed_computes_only_its_own_prompts(small, tmp_path):
    more = copy.deepcopy(SMALL)
    more["grid"][0]["seeds"] = [0, 1]
    (tmp_path / "more.yaml").write_text(yaml.safe_dump(more))
    before = len(parts(small, "cue-tiny"))
    done = snakemake(small, "--cores", "2", "results/metrics/emosynth/test/cue-tiny/conditions.csv", configfile=tmp_path / "more.yaml")
    assert done.returncode == 0, done.stderr
    log = (small / "logs/respond/emosynth/test/cue-tiny/shard0.log").read_text()
    asked, known = map(int, re.search(r"(\d+) prompts to answer, (\d+) already answered", log).groups())
    # Three conditions of 64 utterances are new; a shuffled block may by chance be one that was asked before.
    assert 0.9 * 3 * 64 < asked <= 3 * 64
    assert known >= 5 * 64
    assert "rule train" not in done.stdout + done.stderr
    assert len(parts(small, "cue-tiny")) > before
    assert {"0", "1"} < set(conditions(small, "cue-tiny")["seed"])


def test_a_first_try_on_a_few_utterances_says_so_and_is_not_lost(tmp_path):
    """With a limit, what is answered is kept for the whole."""
    few = copy.deepcopy(SMALL)
    few["grid"][0] |= {"limit": 8, "models": ["listener-cues"], "interventions": ["none", "correct"]}
    few["models"] = {"listener-cues": {"path": "results/models/listener-cues"}}
    (tmp_path / "few.yaml").write_text(yaml.safe_dump(few))
    done = snakemake(tmp_path, "--cores", "2", "results/tables/uar.md", configfile=tmp_path / "few.yaml")
    assert done.returncode == 0, done.stderr
    assert conditions(tmp_path, "listener-cues")["n"].tolist() == [8, 8]
    assert "listener (cues) was tried on 8 of 64 utterances of test only." in (tmp_path / "results/tables/uar.md").read_text()
    del few["grid"][0]["limit"]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(few))
    target = "results/metrics/emosynth/test/listener-cues/conditions.csv"
    assert snakemake(tmp_path, "--cores", "2", target, configfile=tmp_path / "all.yaml").returncode == 0
    assert conditions(tmp_path, "listener-cues")["n"].tolist() == [64, 64]
    log = (tmp_path / "logs/respond/emosynth/test/listener-cues/shard0.log").read_text()
    assert "112 prompts to answer, 16 already answered" in log


def test_killed_in_mid_inference_it_resumes_to_the_same_bytes(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))
    target = "results/metrics/emosynth/test/cue-tiny/conditions.csv"
    arguments = ("--cores", "2", "--rerun-incomplete", target)
    job = subprocess.Popen(
        command(folder, *arguments, configfile=folder / "small.yaml"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not parts(folder, "cue-tiny"):
        assert time.monotonic() < deadline
        assert job.poll() is None
        time.sleep(0.001)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    safe = len(parts(folder, "cue-tiny"))
    assert safe < 64
    assert snakemake(folder, "--unlock", configfile=folder / "small.yaml").returncode == 0
    done = snakemake(folder, *arguments, configfile=folder / "small.yaml")
    assert done.returncode == 0, done.stderr
    log = (folder / "logs/respond/emosynth/test/cue-tiny/shard0.log").read_text()
    assert re.search(r"([1-9]\d*) already answered", log)
    assert len(parts(folder, "cue-tiny")) == 64
    first = snakemake(small, "--cores", "2", target, configfile=small / "small.yaml")  # back to the grid of one seed
    assert first.returncode == 0, first.stderr
    assert (folder / target).read_bytes() == (small / target).read_bytes()


def test_bad_audio_stops_with_file_and_row(small, tmp_path):
    table = pd.read_csv(small / "results/emosynth/manifest.csv").assign(label=lambda t: t["emotion"])
    table["file"] = [str(small / "results/emosynth/audio" / file) for file in table["file"]]
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
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine))
    done = snakemake(tmp_path, "--cores", "2", "manifests", configfile=tmp_path / "mine.yaml")
    assert done.returncode != 0
    assert f"{tmp_path}/mine.csv, line 9: {tmp_path}/lost.flac: no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert "no such file" in (tmp_path / "logs/build_manifest/mine.log").read_text()


def test_bad_audio_that_is_excluded_is_counted_in_every_table(small, tmp_path):
    table = pd.read_csv(small / "results/emosynth/manifest.csv")
    table["file"] = [str(small / "results/emosynth/audio" / file) for file in table["file"]]
    table.loc[table.index[table["split"] == "test"][[3, 9]], "file"] = ["lost.flac", "gone.flac"]
    table.to_csv(tmp_path / "mine.csv", index=False)
    entry = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]["emosynth"]
    entry |= {"title": "Mine", "manifest": str(tmp_path / "mine.csv"), "root": None, "on_bad_audio": "exclude"}
    mine = {
        "grid": [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none", "correct"]}],
        "datasets": {"mine": entry},
        "models": {"listener-cues": {"training": {"dataset": "mine"}}},
        "statistics": {"resamples": 100},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine))
    done = snakemake(tmp_path, "--cores", "2", "tables", "results/provenance.json", configfile=tmp_path / "mine.yaml")
    assert done.returncode == 0, done.stderr
    assert "2 of 128 utterances are excluded for bad audio" in (tmp_path / "logs/build_manifest/mine.log").read_text()
    for name in ("uar", "corpora"):
        for kind in ("md", "tex"):
            assert "Mine: 2 utterances excluded for bad audio." in (tmp_path / f"results/tables/{name}.{kind}").read_text()
    corpora = pd.read_csv(tmp_path / "results/tables/corpora.csv").set_index("split")
    assert corpora["excluded"].to_dict() == {"train": 0, "test": 2}
    assert corpora.loc["test", "utterances"] == 4 * 4 * 4 - 2
    record = json.loads((tmp_path / "results/provenance.json").read_text())
    assert len(record["datasets"]["mine"]["counts"]["excluded"]) == 2
    assert pd.read_csv(tmp_path / "results/corpora/mine/audit.csv")["problem"].notna().sum() == 2


def test_a_csv_with_an_older_time_stamp_is_read_again(small, tmp_path):
    table = pd.read_csv(small / "results/emosynth/manifest.csv")
    table["file"] = [str(small / "results/emosynth/audio" / file) for file in table["file"]]
    table.to_csv(tmp_path / "mine.csv", index=False)
    entry = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]["emosynth"]
    entry |= {"manifest": str(tmp_path / "mine.csv"), "root": None}
    grid = [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none"]}]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"grid": grid, "datasets": {"mine": entry}}))
    assert snakemake(tmp_path, "--cores", "2", "manifests", configfile=tmp_path / "mine.yaml").returncode == 0
    table.assign(language="deu").to_csv(tmp_path / "mine.csv", index=False)
    os.utime(tmp_path / "mine.csv", (1_000_000_000, 1_000_000_000))
    assert snakemake(tmp_path, "--cores", "2", "manifests", configfile=tmp_path / "mine.yaml").returncode == 0
    assert set(pd.read_parquet(tmp_path / "results/corpora/mine/manifest.parquet")["language"]) == {"deu"}


def test_a_wrong_config_stops_before_any_job(tmp_path):
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump({"grid": [SMALL["grid"][0] | {"p": [1.5]}]}))
    done = snakemake(tmp_path, "--cores", "1", configfile=tmp_path / "wrong.yaml")
    assert done.returncode != 0
    assert "config: grid[0].p[0]: 1.5 lies outside of 0 to 1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Small trees laid out like the two licensed corpora, as a config has them."""
    iemocap = releases.iemocap_plan().groupby(["speaker", "code"]).head(3)
    aibo = releases.aibo_plan()
    aibo = aibo[aibo["speaker"].isin(["Ohm_01", "Ohm_02", "Ohm_31", "Ohm_32", "Mont_01", "Mont_02"])].groupby(["speaker", "code"]).head(3)
    roots = {
        "iemocap": releases.iemocap(tmp_path_factory.mktemp("iemocap"), iemocap, own_audio=True),
        "aibo": releases.aibo(tmp_path_factory.mktemp("aibo"), aibo, own_audio=True),
    }
    datasets = {name: {"root": str(root), "partial": True} for name, root in roots.items()}
    return ("--config", f"datasets={json.dumps(datasets)}")


PAPER = {
    **{"read_corpus": 2, "audit_audio": 2, "build_manifest": 2, "extract_descriptors": 2, "fit_tokenizer": 2, "tokenise": 2},
    **{"intervene": 2 + 2 + 33, "respond_on_gpu": 15, "predict": 56, "evaluate": 15, "make_table": 7, "draw_figure": 21},
    **{"record_provenance": 1, "all": 1},
}
"""Jobs of the whole paper, by rule."""


def test_paper_expands_to_its_jobs(tmp_path, copies):
    unset = snakemake(tmp_path, "-n", configfile=ROOT / "config/paper.yaml")
    assert unset.returncode != 0
    assert "datasets.aibo.root is not set" in unset.stdout + unset.stderr
    assert "datasets.iemocap.root is not set" in unset.stdout + unset.stderr
    dry = snakemake(tmp_path, "-n", *copies, configfile=ROOT / "config/paper.yaml")
    assert dry.returncode == 0, dry.stderr
    counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", dry.stdout + dry.stderr, re.MULTILINE)}
    assert counts == PAPER | {"total": sum(PAPER.values())}


def test_a_root_that_is_not_there_is_named(tmp_path):
    roots = json.dumps({"aibo": {"root": "/data/aibo"}, "iemocap": {"root": "/data/iemocap"}})
    dry = snakemake(tmp_path, "-n", "--config", f"datasets={roots}", configfile=ROOT / "config/paper.yaml")
    assert dry.returncode != 0
    assert re.search(r"dataset (iemocap|aibo): /data/\w+: there is no such folder", dry.stdout + dry.stderr)
    assert "Traceback" not in dry.stderr


def test_paper_says_which_checkpoints_are_missing_before_it_starts(tmp_path, copies):
    real = snakemake(tmp_path, "--cores", "1", *copies, configfile=ROOT / "config/paper.yaml")
    assert real.returncode != 0
    assert "models.paraclap.path: there is no folder checkpoints/paraclap" in real.stdout + real.stderr
    assert "models.ft-qw-omni.path: there is no folder checkpoints/midashenglm-7b-0804-fp32" in real.stdout + real.stderr
    assert not (tmp_path / "results").exists()


def test_paper_runs_up_to_its_interventions(tmp_path, copies):
    done = snakemake(tmp_path, "--cores", "2", "tokens", *copies, configfile=ROOT / "config/paper.yaml")
    assert done.returncode == 0, done.stderr
    for dataset, speakers in (("iemocap", 10), ("aibo", 6)):
        folder = tmp_path / "results/corpora" / dataset
        manifest, tokens = pd.read_parquet(folder / "manifest.parquet"), pd.read_parquet(folder / "tokens.parquet")
        assert manifest["speaker"].nunique() == speakers
        assert tokens["utterance"].tolist() == manifest["utterance"].tolist()
        counts = json.loads((folder / "counts.json").read_text())
        assert counts["not_as_published"]
        assert counts["rows"] == len(manifest) + sum(counts["left_out"].values())
    edges = {name: json.loads((tmp_path / f"results/corpora/{name}/tokenizer.json").read_text())["edges"] for name in ("iemocap", "aibo")}
    assert set(edges["iemocap"]["PITCH"]) == set(edges["iemocap"]["FORMANTS"]) == {"female", "male"}
    assert set(edges["aibo"]["PITCH"]) == set(edges["iemocap"]["ENERGY"]) == {"all"}
    assert len(list((tmp_path / "results/interventions").rglob("seed*.parquet"))) == PAPER["intervene"]


def test_table_three_is_made_from_all_its_systems(tmp_path, copies):
    """Every system of Table III in one run, as tiny random checkpoints in their published layouts."""
    from tests.support import families, published
    from tests.test_contrastive import laion

    writers = {
        "qw-omni": families.qwen2_5_omni,
        "af3": families.audio_flamingo_3,
        "clap-laion": laion,
        "clap-msclap": published.msclap,
        "paraclap": published.paraclap,
        "smoothclap": published.paraclap,
        "pengi": published.pengi,
    }
    models = {}
    for name, write in writers.items():
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        write(folder)
        models[name] = {"path": str(folder), "device": "cpu", "dtype": "float32", "max_new_tokens": 12, "threads": 1, "workers": 0}
    block = {"dataset": "iemocap", "splits": ["full"], "limit": 12}
    contrastive = ["clap-laion", "clap-msclap", "pengi", "paraclap", "smoothclap"]
    mine = {
        "grid": [
            block | {"models": ["qw-omni", "af3"], "interventions": ["none", "correct"]},
            block | {"models": contrastive[:-1], "interventions": ["none"]},
            block | {"models": contrastive[-1:], "interventions": ["none", "conflict"]},
        ],
        "models": models | {"smoothclap": models["smoothclap"] | {"cue_captions": True}},
        "tables": ["iemocap", "uar"],
        "figures": dict.fromkeys(["tokens", "confusions", "corruption", "grounding"]),
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine))
    configs = ("--configfile", str(ROOT / "config/paper.yaml"), str(tmp_path / "mine.yaml"))
    done = snakemake(tmp_path, *configs, "--cores", "2", *copies)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "results/tables/iemocap.csv").set_index("model")
    titles = ["qw-omni", "AF3", "CLAP (LAION)", "CLAP (Microsoft)", "Pengi", "ParaCLAP", "SmoothCLAP, cue captions"]
    assert sorted(table.index) == sorted(titles)
    assert table["uar_none"].between(0, 1).all()
    assert table.loc[["qw-omni", "AF3"], "uar_correct"].notna().all()
    assert table.loc[titles[2:], "uar_correct"].isna().all()
    assert table["published_none"].isna().all()  # the paper ran the whole corpus, this study twelve of its utterances
    note = (tmp_path / "results/tables/iemocap.md").read_text()
    assert f"{'; '.join(titles)} were tried on 12 of 150 utterances of full only." in note  # titles have commas
    for name in contrastive:
        responses = pd.read_parquet(tmp_path / f"results/responses/iemocap/full/{name}/shard0.parquet")
        assert set(responses["path"]) == {"similarity"}
        assert (responses["reasoning"] != "").any() == (name == "pengi")
    assert "gates passed" in (tmp_path / "logs/respond/iemocap/full/paraclap/shard0.log").read_text()


def test_another_label_extracts_nothing_anew(tmp_path, copies):
    target = "results/corpora/aibo/tokens.parquet"
    assert snakemake(tmp_path, "--cores", "2", target, *copies, configfile=ROOT / "config/paper.yaml").returncode == 0
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({"datasets": {"aibo": {"label_map": {"R": "neutral"}, "all_classes": False}}}))
    more = ("--configfile", str(ROOT / "config/paper.yaml"), str(tmp_path / "other.yaml"))
    again = snakemake(tmp_path, *more, "--cores", "2", *copies, "--", target)
    assert again.returncode == 0, again.stderr
    assert set(pd.read_parquet(tmp_path / "results/corpora/aibo/manifest.parquet")["label"]) == {"angry", "emphatic", "neutral", "positive"}
    assert "0 sounds to extract" in (tmp_path / "logs/extract_descriptors/aibo.log").read_text()


def test_report_is_made_offline(small):
    done = snakemake(small, "--report", "report.zip", configfile=small / "small.yaml")
    assert done.returncode == 0, done.stderr
    assert (small / "report.zip").stat().st_size > 100_000


# ---------------------------------------------------------------- tables, figures, provenance over the small study


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(ROOT / "resources/published.csv")


@pytest.mark.parametrize("name", tables.names())
def test_tables_are_rebuilt_to_the_same_bytes(small, study, published, name):
    content = tables.module(name).build(study, published)
    for kind in ("csv", "md", "tex"):
        if name in ("concepts", "aibo", "iemocap", "corpora", "sensitivity"):  # the others depend on metrics that tests above recompute
            assert getattr(content, kind)() == (small / f"results/tables/{name}.{kind}").read_text(encoding="utf-8")
        assert getattr(content, kind)()
    assert content.md().startswith(f"**{content.caption}**")
    assert content.tex().count(r"\begin{") == content.tex().count(r"\end{")


def test_a_table_without_a_run_says_so(study, published):
    assert "No run of the dataset 'iemocap'" in tables.module("iemocap").build(study, published).md()


def test_published_values_stand_beside_ours_where_the_same_cell_was_run(study, published):
    renamed = published.replace({"dataset": {"iemocap": "emosynth"}, "split": {"full": "test"}, "model": {"af3": "cue-tiny"}})
    values = tables.module("uar").build(study, renamed).values.set_index("model")
    assert values.loc["cue-tiny", "published_correct"] == 0.776
    assert values.loc["cue-tiny", "deviation_correct"] == pytest.approx(values.loc["cue-tiny", "uar_correct"] - 0.776)
    assert np.isnan(values.loc["listener (cues)", "published_correct"])
    display = tables.module("uar").build(study, renamed).display
    assert display["Published UAR⁺"].tolist()[0].startswith(".776 (")
    compared = tables.module("interventions").build(study, renamed).values
    row = compared[(compared["model"] == "cue-tiny") & (compared["a"] == "Correct") & (compared["b"] == "Conflict")].iloc[0]
    assert row["published_delta"] == 0.018
    assert row["deviation"] == pytest.approx(row["delta"] - 0.018)


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("tokens", {"dataset": "emosynth"}),
        ("corruption", {"dataset": "emosynth", "split": "test"}),
        ("confusions", {"dataset": "emosynth", "split": "test", "model": "cue-tiny"}),
        ("grounding", {}),
    ],
)
def test_figures_are_drawn_to_the_same_bytes(study, tmp_path, name, scope):
    for copy_number in range(2):
        with styled():
            drawn = figures.module(name).draw(study, **scope)
            for kind in ("pdf", "svg", "png"):
                save(drawn, tmp_path / f"{copy_number}.{kind}")
            assert drawn.get_figwidth() == pytest.approx(3.46)  # one column
    for kind in ("pdf", "svg", "png"):
        assert (tmp_path / f"0.{kind}").read_bytes() == (tmp_path / f"1.{kind}").read_bytes()


def test_token_frequencies_are_a_crosstab(study):
    from cuealign.reporting.figures.tokens import frequencies

    tokens = study.tokens("emosynth")
    shares = frequencies(tokens, "PITCH", ["angry", "happy", "neutral", "sad"])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    angry = tokens[tokens["label"] == "angry"]
    assert shares.loc["angry", "HIGH"] == pytest.approx((angry["PITCH"] == "HIGH").mean())


def test_confusion_rows_sum_to_one(study):
    from cuealign.reporting.figures.confusions import row_normalised

    table = study.metrics(study.select()[0], "confusion")
    matrix = row_normalised(table[table["intervention"] == "none"], ["angry", "happy", "neutral", "sad"])
    np.testing.assert_allclose(matrix.sum(axis=1), 1)


def test_seed_interval_is_students():
    from scipy import stats

    from cuealign.reporting.figures.corruption import seed_interval

    values = np.array([0.5, 0.53, 0.48, 0.55, 0.5])
    mean, half = seed_interval(values)
    low, high = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))
    assert (mean - half, mean + half) == (pytest.approx(low), pytest.approx(high))
    assert seed_interval(values[:1]) == (0.5, 0.0)


def test_a_study_without_corruption_or_conflict_still_draws(study):
    bare = Results(study.results, [], study.datasets, study.models)
    with styled():
        assert figures.module("corruption").draw(bare, dataset="emosynth", split="test").texts is not None
        figures.module("grounding").draw(bare)
    assert "No perturbation" in tables.module("interventions").build(bare, pd.DataFrame()).md()


def test_provenance_names_what_was_used_and_no_place(small, settings):
    text = (small / "results/provenance.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert record["packages"]["opensmile"] == importlib.metadata.version("opensmile")
    assert record["datasets"]["emosynth"]["utterances"] == 8 * 4 * 4
    assert {entry["model"] for entry in record["responses"]} == {"cue-tiny", "listener-audio", "listener-cues"}
    assert all(len(entry["fingerprint"]) == 1 for entry in record["responses"])
    for place in (str(small), str(ROOT), str(Path.home()), os.uname().nodename):
        assert place not in text or place == "/"
    cells = [(entry["dataset"], entry["split"], entry["model"]) for entry in record["responses"]]
    again = provenance.record(small / "results", settings.model_dump(mode="json"), cells, ROOT)
    assert again["datasets"] == record["datasets"]
    assert again["models"] == record["models"]


def test_provenance_without_git(tmp_path, monkeypatch):
    assert provenance._commit(tmp_path) == {"commit": "unknown (not a git checkout)"}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance._commit(tmp_path) == {"commit": "unknown (not a git checkout)"}
