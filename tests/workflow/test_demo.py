"""What the demo says about models of known behaviour, from the results of ``make demo``."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.support import ROOT

METRICS = ROOT / "results/metrics/emosynth/test"

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("demo_made")]


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


def test_the_demo_gives_what_the_readme_says():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## What the demo should give\n")[1].split("\n## ")[0]
    told = [float(value.replace("−", "-")) for value in re.findall(r"^\| .+ \| ([+−.\d]+) \| .+ \|$", text, re.MULTILINE)]
    found = pd.read_csv(METRICS / "cue-tiny/conditions.csv", dtype={"p": str, "seed": str})
    uar = {(row.intervention, row.p): row.uar for row in found.itertuples()}  # of several seeds, the mean is the last row
    none, correct = uar["none", "0"], uar["correct", "0"]
    wrong = [uar["shuffle", "0"], uar["conflict", "0"], uar["corrupt", "1.0"]]
    slope = pd.read_csv(METRICS / "cue-tiny/trend.csv")["spearman_rho"][0]
    assert [none, correct, correct - none, *wrong] == pytest.approx(told[:-1], abs=0.05)
    assert correct - none >= 0.04
    assert all(0.28 < value < correct for value in wrong)
    assert slope <= -0.7
    (gain,) = [row for row in pd.read_csv(METRICS / "cue-tiny/comparisons.csv").itertuples() if (row.a, row.b) == ("correct", "none")]
    assert gain.t_low > 0
