"""What the demo says about models of known behaviour, from the results of ``make demo``."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.support import ROOT

METRICS = ROOT / "results/metrics/emosynth/test"

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    """The results are of this version."""
    plan = subprocess.run([sys.executable, "-m", "snakemake", "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "Nothing to be done" not in plan.stdout + plan.stderr:
        assert "CUEALIGN_DEMO_MADE" not in os.environ  # .ci/run has just made it
        pytest.skip("no results of this version: make demo first")


def reliance(model: str) -> pd.DataFrame:
    return pd.read_csv(METRICS / model / "reliance.csv").set_index("quantity")


@pytest.mark.parametrize(("model", "weight"), [("mixture-25", 0.25), ("mixture-50", 0.5), ("mixture-75", 0.75)])
def test_the_weight_of_a_mixture_is_recovered(model, weight):
    found = reliance(model).loc["equivalent_cue_weight"]
    assert found["low"] < weight < found["high"]
    # The mixture is made with the temperatures of all test speakers, so that only the draws of the tokens differ.
    assert found["value"] == pytest.approx(weight, abs=0.03)
    assert reliance(model).loc["direction", "value"] > 0.999


@pytest.mark.parametrize(
    ("model", "verdict"), [("listener-audio", "ignores"), ("listener-cues", "follows"), ("mixture-25", "uses, partly follows")]
)
def test_the_verdict_on_a_known_model_is_what_it_is(model, verdict):
    found = json.loads(Path(METRICS, model, "verdict.json").read_text(encoding="utf-8"))
    assert found["verdict"] == verdict


def test_the_ruler_lies_at_its_ends():
    assert reliance("listener-audio").loc["equivalent_cue_weight", "value"] == pytest.approx(0, abs=1e-6)
    assert reliance("listener-cues").loc["equivalent_cue_weight", "value"] == pytest.approx(1, abs=1e-6)
