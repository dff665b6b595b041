"""The studies that ship with the workflow plan their jobs, before there is any data or any weight."""

import json
import re

import pytest

from tests.support import ROOT
from tests.support.workflow import planned, snakemake
from tests.workflow.test_paper import PAPER
from tests.workflow.test_rules import rules

CONDITIONS = 1 + 1 + 5 + 1 + 1 + 5 * 5
"""none, correct, shuffle (five seeds), conflict, blank, corrupt (five strengths and seeds)."""

RULER = 1 + 1 + 3 + 1 + 1 + 3
"""The same with three seeds, and with corruption at full strength only."""

TRAINED = ("listener-audio", "listener-cues", "mixture-25", "mixture-50", "mixture-75")

CORPUS = dict.fromkeys(["read_corpus", "audit_audio", "build_manifest", "extract_descriptors", "fit_tokenizer", "tokenise"], 1)
REPORT = {"compare_models": 1, "make_table": 12, "record_provenance": 1, "make_page": 1, "make_cover": 1}


def jobs_of(models: int, conditions: int, predictions: int, drawn: int = 2) -> dict[str, int]:
    """Jobs of a number of models on one split of one corpus, but for those of training and answering.

    Two drawings are of one model; control models beside others have none.
    """
    each = dict.fromkeys(["evaluate", "summarise_checks", "measure_grounding"], models)
    return CORPUS | REPORT | each | {"intervene": conditions, "predict": predictions, "draw_figure": 4 + drawn}


DEMO = jobs_of(1 + len(TRAINED), CONDITIONS, CONDITIONS + len(TRAINED) * RULER) | {
    "synthesise": 1,
    "train": 1 + len(TRAINED),
    "respond": 1 + len(TRAINED),
    "study": 1,
}
GROUNDING = jobs_of(1 + len(TRAINED), CONDITIONS, (1 + len(TRAINED)) * CONDITIONS) | {
    "train": len(TRAINED),
    "respond": len(TRAINED),
    "respond_on_gpu": 1,
    "all": 1,
}


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
    assert planned(snakemake(tmp_path, "-n", snakefile=ROOT / "Snakefile")) == DEMO


def test_the_study_of_listeners_on_real_speech_plans_its_jobs(tmp_path, ravdess):
    dry = snakemake(tmp_path, "-n", *ravdess, configfile=ROOT / "config/ravdess.yaml")
    assert planned(dry) == jobs_of(2, CONDITIONS - 1, 2 * (CONDITIONS - 1), drawn=2 * 2) | {"train": 2, "respond": 2, "all": 1}


def test_the_study_of_grounding_plans_its_jobs(tmp_path, ravdess):
    """One audio language model on a GPU, both listeners and their mixtures, trained on the same corpus and on nothing else."""
    dry = snakemake(tmp_path, "-n", *ravdess, configfile=ROOT / "config/grounding.yaml")
    assert planned(dry) == GROUNDING
    assert "emosynth" not in dry.stdout + dry.stderr


def test_the_study_of_grounding_needs_the_root_of_its_corpus(tmp_path):
    dry = snakemake(tmp_path, "-n", configfile=ROOT / "config/grounding.yaml")
    assert dry.returncode != 0
    assert "datasets.ravdess.root is not set" in dry.stdout + dry.stderr


def test_the_page_on_slurm_counts_the_jobs_of_these_studies():
    rows = [
        line.strip("| \n").split(" | ") for line in (ROOT / "docs/slurm.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"
    ]
    head = next(place for place, row in enumerate(rows) if row[0] == "rule")
    assert rows[head][3:] == ["demo", "`config/grounding.yaml`", "`config/paper.yaml`"]
    table = {row[0]: [int(cell) for cell in row[-3:]] for row in rows[head + 2 : head + 9]}
    studies = (DEMO, GROUNDING, PAPER)
    counted = [name for name in table if name.startswith("`")]
    for name in counted:
        assert table[name] == [sum(jobs.get(rule, 0) for rule in re.findall(r"`(\w+)`", name)) for jobs in studies], name
    local = {rule for rule, body in rules().items() if "    localrule: True\n" in body} | {"study", "all"}
    assert table["submitted"] == [sum(count for rule, count in jobs.items() if rule not in local) for jobs in studies]
    assert table["submitted"] == [sum(counts) for counts in zip(*(table[name] for name in counted), strict=True)]
    assert table["all jobs, with those of the submitting host"] == [sum(jobs.values()) for jobs in studies]


def test_a_batch_of_a_target_plans_a_part_of_the_study(tmp_path):
    """As docs/slurm.md has it for large studies."""
    part = planned(snakemake(tmp_path, "-n", "--batch", "metrics=1/3", "--", "metrics"))
    assert 0 < part["evaluate"] < DEMO["evaluate"]
    assert 0 < part["predict"] < DEMO["predict"]
    assert "make_table" not in part
    last = snakemake(tmp_path, "-n", "--batch", "metrics=3/3", "--", "metrics")
    assert last.returncode != 0
    assert "not all previous batches have been completed" in last.stdout + last.stderr
