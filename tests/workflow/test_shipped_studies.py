"""The studies that ship with the workflow plan their jobs, before there is any data or any weight."""

import json

import pytest

from tests.support import ROOT
from tests.support.workflow import planned, snakemake

CONDITIONS = 1 + 1 + 5 + 1 + 1 + 5 * 5
"""none, correct, shuffle (five seeds), conflict, blank, corrupt (five strengths and seeds)."""

RULER = 1 + 1 + 3 + 1 + 1 + 3
"""The same with three seeds, and with corruption at full strength only."""

TRAINED = ("listener-audio", "listener-cues", "mixture-25", "mixture-50", "mixture-75")

CORPUS = dict.fromkeys(["read_corpus", "audit_audio", "build_manifest", "extract_descriptors", "fit_tokenizer", "tokenise"], 1)
REPORT = {"compare_models": 1, "make_table": 14, "record_provenance": 1}


def jobs_of(models: int, conditions: int, predictions: int) -> dict[str, int]:
    """Jobs of a number of models on one split of one corpus, but for those of training and answering."""
    each = dict.fromkeys(["evaluate", "summarise_checks", "measure_grounding"], models)
    return CORPUS | REPORT | each | {"intervene": conditions, "predict": predictions, "draw_figure": 2 * models + 4}


@pytest.fixture(scope="module")
def ravdess(tmp_path_factory):
    """Names of RAVDESS's files, as a config has them: what a plan looks at."""
    root = tmp_path_factory.mktemp("ravdess")
    for actor in range(1, 25):
        for emotion in ("01", "03", "04", "05"):
            (root / f"Actor_{actor:02d}").mkdir(exist_ok=True)
            (root / f"Actor_{actor:02d}/03-01-{emotion}-01-01-01-{actor:02d}.wav").touch()
    return ("--config", f"datasets={json.dumps({'ravdess': {'root': str(root)}})}")


def test_the_demo_plans_its_jobs(tmp_path):
    models = 1 + len(TRAINED)
    expected = jobs_of(models, CONDITIONS, CONDITIONS + len(TRAINED) * RULER) | {
        "synthesise": 1,
        "train": models,
        "respond": models,
        "study": 1,
    }
    assert planned(snakemake(tmp_path, "-n", snakefile=ROOT / "Snakefile")) == expected


def test_the_study_of_listeners_on_real_speech_plans_its_jobs(tmp_path, ravdess):
    dry = snakemake(tmp_path, "-n", *ravdess, configfile=ROOT / "config/ravdess.yaml")
    assert planned(dry) == jobs_of(2, CONDITIONS - 1, 2 * (CONDITIONS - 1)) | {"train": 2, "respond": 2, "all": 1}


def test_the_study_of_grounding_plans_its_jobs(tmp_path, ravdess):
    """One audio language model on a GPU, both listeners and their mixtures, trained on the same corpus and on nothing else."""
    dry = snakemake(tmp_path, "-n", *ravdess, configfile=ROOT / "config/grounding.yaml")
    trained = {"train": len(TRAINED), "respond": len(TRAINED), "respond_on_gpu": 1, "all": 1}
    assert planned(dry) == jobs_of(1 + len(TRAINED), CONDITIONS, (1 + len(TRAINED)) * CONDITIONS) | trained
    assert "emosynth" not in dry.stdout + dry.stderr


def test_the_study_of_grounding_needs_the_root_of_its_corpus(tmp_path):
    dry = snakemake(tmp_path, "-n", configfile=ROOT / "config/grounding.yaml")
    assert dry.returncode != 0
    assert "datasets.ravdess.root is not set" in dry.stdout + dry.stderr
