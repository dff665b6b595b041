"""Stages count jobs, the time in which they ran, and what is left."""

import pytest

from cuealign.terminal.stages import STAGES, Stage, grouped, named, stages
from tests.support import ROOT


def test_every_stage_counts_its_rules_in_the_order_of_the_study():
    found = stages({"all": 1, "predict": 5, "my_rule": 2, "respond": 1, "respond_on_gpu": 2, "tokenise": 1})
    assert [(stage.name, stage.total) for stage in found.values()] == [
        *(("tokens", 1), ("answers", 3), ("predictions", 5), ("all", 1), ("my rule", 2))
    ]


def test_a_target_with_the_name_of_a_stage_is_no_job_of_it():
    found = stages({"metrics": 1, "evaluate": 6, "measure_grounding": 2, "tokens": 1, "tokenise": 1})
    assert [(stage.name, stage.total) for stage in found.values()] == [("tokens", 1), ("metrics", 8)]


def test_every_rule_with_a_script_belongs_to_a_stage():
    known = {rule for rules in STAGES.values() for rule in rules}
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} <= known


def test_only_time_in_which_a_job_runs_counts():
    stage = Stage("answers", 4)
    stage.start(1, now=10.0)
    stage.start(2, now=12.0)
    stage.stop(1, now=14.0, done=True)
    stage.stop(2, now=15.0, done=False)  # it failed
    assert (stage.seconds(100.0), stage.done, stage.share) == (5.0, 1, 0.25)
    stage.start(3, now=100.0)
    assert stage.seconds(105.0) == 10.0
    assert stage.seconds_left(105.0) == pytest.approx(30.0)
    stage.running[3] = 0.5
    assert stage.seconds_left(105.0) == pytest.approx(10 * 0.625 / 0.375)


def test_the_time_left_is_not_told_before_anybody_can_know_it():
    stage = Stage("answers", 2)
    stage.start(1, now=0.0)
    assert stage.seconds_left(50.0) is None
    stage.running[1] = 0.5
    assert stage.seconds_left(1.0) is None
    assert stage.seconds_left(50.0) == pytest.approx(150.0)


def test_warnings_name_what_they_are_about_unless_they_do_so_themselves():
    job = {"dataset": "iemocap", "split": "full", "model": "af3", "p": "0.2"}
    assert named("only 2 speakers", job) == "iemocap full af3: only 2 speakers"
    assert named("af3, shard 1 of 1: 3 answers were cut", job) == "iemocap full: af3, shard 1 of 1: 3 answers were cut"
    assert named("dataset iemocap: silent", {"dataset": "iemocap"}) == "dataset iemocap: silent"
    assert named("odd", {}) == "odd"


def test_the_same_warning_of_several_jobs_is_told_once():
    said = [("few", {"model": name}) for name in "abcdef"] + [("few", {"model": "a"}), ("dataset d: x", {"dataset": "d"})]
    assert grouped(said) == ["a, b, c, d and 2 more: few", "dataset d: x"]
