"""What a study takes: counted prompts, rates of earlier jobs, advice."""

import math

import pandas as pd
import pytest

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.model import Model
from cuealign.reporting.plan import content, figure, hours, job_row, lacking, prompts_of, rate
from tests.support.config import changed, shipped

ENTRY = Model(
    title="A model", licence="l", backend="qwen2_audio", path="x", shards=1, runtime="12h", device="cuda", seconds_per_utterance=0.04
)


def figures(prompts, utterances, answer, **before):
    return {"prompts": prompts, "utterances": utterances, "seconds": {**before, "answer": answer}}


def row(utterances=1000, prompts=30_000, figures=(), **entry):
    return job_row(
        dataset="d", split="s", model="m", entry=changed(ENTRY, **entry), utterances=utterances, prompts=prompts, figures=list(figures)
    )


def test_prompts_are_distinct_cue_blocks_of_the_utterances_asked():
    none = pd.DataFrame({"utterance": ["a", "b", "c"], "cue_block": [""] * 3})
    correct = pd.DataFrame({"utterance": ["a", "b", "c"], "cue_block": ["x", "y", "y"]})
    shuffled = pd.DataFrame({"utterance": ["a", "b", "c"], "cue_block": ["y", "y", "x"]})
    assert prompts_of(["a", "b"], [none, correct, shuffled]) == 5
    assert prompts_of(["a", "b", "c"], [none]) == 3


def test_a_rate_pools_jobs_and_passes_over_those_that_found_all_answered():
    jobs = [figures(100, 10, 2.0, load=5.0, checks=1.0), figures(300, 30, 10.0, load=3.0), figures(0, 0, 0.0, load=99.0)]
    assert rate(jobs, 10) == (pytest.approx(12 / 40), 6.0)
    assert rate(jobs, 20) == (pytest.approx(2 * 12 / 40), 6.0)
    assert rate(jobs, 2) == (pytest.approx(12 / 40), 6.0)  # the audio costs as much
    assert rate(jobs[2:], 10) is None


@pytest.mark.parametrize(("limit", "expected"), [("12h", 12), ("30m", 0.5), ("90min", 1.5), ("1d", 24), ("1.5h", 1.5)])
def test_time_limits_are_read_in_hours(limit, expected):
    assert hours(limit) == expected


def test_measured_here_goes_before_the_benchmark():
    assert row()["source"] == "figure of the config"
    assert row()["hours_per_job"] == pytest.approx((60 + 1000 * 0.04) / 3600)
    assert row(seconds_to_load=7)["hours_per_job"] == pytest.approx((7 + 1000 * 0.04) / 3600)
    here = row(figures=[figures(300, 10, 5.0, load=60.0)])
    assert here["source"] == "measured here"
    assert here["hours_per_job"] == pytest.approx((60 + 1000 * 0.5) / 3600)


def test_a_figure_of_the_device_at_hand_goes_before_others_and_an_estimate_comes_last():
    entry = changed(ENTRY, seconds_per_utterance={"estimate": 9.0, "H200": 0.04, "H100": 0.06, "cpu": 3.0})
    assert figure(entry, []) == (0.04, "measured on H200")
    assert figure(entry, ["NVIDIA H100 80GB HBM3"]) == (0.06, "measured on H100")
    assert figure(entry, ["NVIDIA L4"]) == (0.04, "measured on H200")
    assert figure(changed(entry, device="cpu"), ["NVIDIA H100"]) == (3.0, "measured on cpu")
    only = changed(ENTRY, seconds_per_utterance={"H200": 0.04})
    assert figure(changed(only, device="cpu"), []) is None
    assert figure(changed(only, seconds_per_utterance={"estimate": 2.0}), []) == (2.0, "estimate")


def test_every_model_that_is_included_has_a_time():
    for name, values in shipped("paper")["models"].items():
        row = job_row(dataset="d", split="s", model=name, entry=Model(**values), utterances=10, prompts=300, figures=[])
        assert row["hours_per_job"] > row["seconds_to_load"] / 3600 > 0, name


def test_small_times_are_told_in_minutes_and_seconds():
    dataset = Dataset(title="A corpus", licence="l", reader="manifest", labels=["a", "b"], splits=["s"])
    text = content([row(seconds_to_load=10), row(device="cpu", seconds_to_load=0)], {"d": dataset}, {"m": ENTRY}).md()
    assert "| 50 s " in text
    assert "2 jobs of models, 1 of them on a GPU: 50 s of GPUs and 40 s of CPUs in all." in text
    assert "Distinct prompts: those of all conditions" in text
    assert "?" not in text


def test_what_will_be_missing_is_a_list_behind_the_plan():
    assert lacking(["a GPU", "models.m.path: there is no folder x"]).splitlines()[1:] == [
        *("Missing when this runs:", "", "* a GPU", "* models.m.path: there is no folder x")
    ]
    assert lacking([]) == ""


def test_the_advice_makes_jobs_fit_their_limit():
    tight = row(utterances=1_000_000)  # 11.1 h of 12
    assert tight["advice"] == "shards: 3"
    followed = row(utterances=1_000_000, shards=3)
    assert followed["advice"] == ""
    assert followed["hours_per_job"] < 12 / 2
    assert row(utterances=1_000)["advice"] == ""


def test_what_is_unknown_is_said():
    unknown = row(seconds_per_utterance=None)
    assert math.isnan(unknown["hours_per_job"])
    assert "limit: 20" in unknown["advice"]
    dataset = Dataset(title="A corpus", licence="l", reader="manifest", labels=["a", "b"], splits=["s"])
    table = content([row(utterances=90_000), unknown, row(device="cpu")], {"d": dataset}, {"m": ENTRY})
    assert table.values["model"].tolist() == ["m"] * 3
    text = table.md()
    assert "A corpus" in text
    assert (
        "3 jobs of models, 2 of them on a GPU: 1 h 01 min of GPUs and 45 s of CPUs in all, without those of unknown time (A model)." in text
    )
