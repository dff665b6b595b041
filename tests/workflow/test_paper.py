"""The study of the paper, over small trees laid out like the two licensed corpora."""

import json

import pandas as pd
import pytest

from tests.support import ROOT, contrastive, families, published, releases
from tests.support.workflow import planned, snakemake, write_config


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
    **{"intervene": 2 + 2 + 2 * 33, "respond_on_gpu": 24, "predict": 98, "evaluate": 24, "summarise_checks": 24},
    **{"measure_grounding": 24, "compare_models": 4, "make_table": 14, "draw_figure": 35},
    **{"record_provenance": 1, "make_page": 4, "make_cover": 1, "all": 1},
}
"""Jobs of the whole paper, by rule."""


def test_paper_expands_to_its_jobs(tmp_path, copies):
    unset = snakemake(tmp_path, "-n", configfile=ROOT / "config/paper.yaml")
    assert unset.returncode != 0
    assert "datasets.aibo.root is not set" in unset.stdout + unset.stderr
    assert "datasets.iemocap.root is not set" in unset.stdout + unset.stderr
    dry = snakemake(tmp_path, "-n", *copies, configfile=ROOT / "config/paper.yaml")
    assert planned(dry) == PAPER


def test_a_root_that_is_not_there_is_named(tmp_path):
    roots = json.dumps({"aibo": {"root": "/data/aibo"}, "iemocap": {"root": "/data/iemocap"}})
    dry = snakemake(tmp_path, "-n", "--config", f"datasets={roots}", configfile=ROOT / "config/paper.yaml")
    assert dry.returncode != 0
    for key, name in (("aibo", "FAU-Aibo"), ("iemocap", "IEMOCAP")):
        assert f"datasets.{key}.root: there is no folder /data/{key}; give the location of {name} there" in dry.stdout + dry.stderr
    assert "Traceback" not in dry.stderr


def test_paper_says_which_checkpoints_are_missing_before_it_starts(tmp_path, copies):
    real = snakemake(tmp_path, "--cores", "1", *copies, configfile=ROOT / "config/paper.yaml")
    assert real.returncode != 0
    assert "models.paraclap.path: there is no folder checkpoints/paraclap" in real.stdout + real.stderr
    assert "models.ft-qw-omni.path: there is no folder checkpoints/midashenglm-7b-0804-fp32" in real.stdout + real.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.long
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


@pytest.mark.long
def test_table_three_is_made_from_all_its_systems(tmp_path, copies):
    """Every system of Table III in one run, as tiny random checkpoints in their published layouts."""
    writers = {
        "qw-omni": families.qwen2_5_omni,
        "af3": families.audio_flamingo_3,
        "clap-laion": contrastive.laion,
        "clap-msclap": published.msclap,
        "clap-msclap-2022": published.msclap_2022,
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
    references = ["clap-laion", "clap-msclap", "clap-msclap-2022", "pengi", "paraclap", "smoothclap"]
    mine = {
        "grid": [
            block | {"models": ["qw-omni", "af3"], "interventions": ["none", "correct"]},
            block | {"models": references[:-1], "interventions": ["none"]},
            block | {"models": references[-1:], "interventions": ["none", "conflict"]},
        ],
        "models": models | {"smoothclap": models["smoothclap"] | {"cue_captions": True}},
        "tables": ["iemocap", "uar"],
        "figures": dict.fromkeys(["tokens", "confusions", "corruption", "grounding"]),
    }
    write_config(tmp_path / "mine.yaml", mine)
    configs = ("--configfile", str(ROOT / "config/paper.yaml"), str(tmp_path / "mine.yaml"))
    done = snakemake(tmp_path, *configs, "--cores", "2", *copies)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "results/tables/iemocap.csv").set_index("model")
    assert sorted(table.index) == sorted(writers)
    clap = ["CLAP (LAION)", "CLAP (Microsoft, 2023)", "CLAP (Microsoft, 2022)"]
    titles = ["qw-omni", "AF3", *clap, "Pengi", "ParaCLAP", "SmoothCLAP, cue captions"]
    assert table["uar_none"].between(0, 1).all()
    assert table.loc[["qw-omni", "af3"], "uar_correct"].notna().all()
    assert table.loc[references, "uar_correct"].isna().all()
    assert table.loc[references, "uar_none_mean_of_sessions"].between(0, 1).all()
    assert table["published_none"].isna().all()  # the paper ran the whole corpus, this study twelve of its utterances
    note = (tmp_path / "results/tables/iemocap.md").read_text()
    assert f"{'; '.join(titles)} were tried on 12 of 150 utterances of full only." in note  # titles have commas
    for name in references:
        responses = pd.read_parquet(tmp_path / f"results/responses/iemocap/full/{name}/shard0.parquet")
        assert set(responses["path"]) == {"similarity"}
        assert (responses["reasoning"] != "").any() == (name == "pengi")
    assert "checks passed" in (tmp_path / "logs/respond/iemocap/full/paraclap/shard0.log").read_text()


@pytest.mark.long
def test_another_label_extracts_nothing_anew(tmp_path, copies):
    target = "results/corpora/aibo/tokens.parquet"
    assert snakemake(tmp_path, "--cores", "2", target, *copies, configfile=ROOT / "config/paper.yaml").returncode == 0
    write_config(tmp_path / "other.yaml", {"datasets": {"aibo": {"label_map": {"R": "neutral"}, "all_classes": False}}})
    more = ("--configfile", str(ROOT / "config/paper.yaml"), str(tmp_path / "other.yaml"))
    again = snakemake(tmp_path, *more, "--cores", "2", *copies, "--", target)
    assert again.returncode == 0, again.stderr
    assert set(pd.read_parquet(tmp_path / "results/corpora/aibo/manifest.parquet")["label"]) == {"angry", "emphatic", "neutral", "positive"}
    assert "0 sounds to extract" in (tmp_path / "logs/extract_descriptors/aibo.log").read_text()
