"""What a study takes: counted prompts, rates of earlier jobs, advice."""

import math

import pandas as pd
import pytest

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.model import Model
from cuealign.reporting.plan import content, hours, job_row, prompts_of, rate
from tests.support.config import changed

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
    assert row()["source"] == "benchmark"
    assert row()["hours_per_job"] == pytest.approx(1000 * 0.04 / 3600)
    here = row(figures=[figures(300, 10, 5.0, load=60.0)])
    assert here["source"] == "measured here"
    assert here["hours_per_job"] == pytest.approx((60 + 1000 * 0.5) / 3600)


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
    assert "3 jobs of models, 2 of them on a GPU: 1 GPU hours, without those of unknown time (A model)." in text
