"""Checks of a model: each value against a count by hand, and a caution where it is odd."""

import numpy as np
import pandas as pd
import pytest

from cuealign.evaluation.model_checks import summarise

LABELS = ["a", "b"]


def table(rows):
    """Predictions from (prediction, cut, probability of a, probability of b)."""
    found = pd.DataFrame(rows, columns=["prediction", "cut", "logprob_a", "logprob_b"])
    found = found.assign(speaker="s", label="a")
    return found.assign(**{name: np.log(found[name]) for name in ("logprob_a", "logprob_b")})


GOOD = table([("a", False, 0.9, 0.1), ("b", False, 0.2, 0.8), ("b", False, 0.3, 0.7)])
JOB = {"tensors_placed": 7, "sounds": 3, "sounds_cut": 0}


def summary(*tables, job=JOB, comparisons=None):
    return summarise(tables, [job], LABELS, comparisons).set_index("quantity")


def test_values_are_those_counted_by_hand():
    found = summary(GOOD, table([("INVALID", True, 0.3, 0.3)]))
    entropy = np.mean([-sum(p * np.log(p) for p in pair) for pair in ((0.9, 0.1), (0.2, 0.8), (0.3, 0.7), (0.5, 0.5))])
    assert found["value"].to_dict() == {
        "tensors_placed": 7,
        "answers": 4,
        "entropy": pytest.approx(entropy),
        "label_mass": pytest.approx((1 + 1 + 1 + 0.6) / 4),
        "best_score_agrees": 1,
        "invalid_share": 0.25,
        "cut_share": 0.25,
        "sounds_cut": 0,
    }
    assert found.loc["cut_share", "caution"] == "1 of 4 answers were cut by max_new_tokens and count as INVALID."
    assert found.loc["invalid_share", "caution"] == "25% of its answers name no label."


def test_nothing_odd_gets_no_caution():
    assert set(summary(GOOD)["caution"]) == {""}


@pytest.mark.parametrize(
    ("rows", "quantity", "caution"),
    [
        ([("a", False, 0.5, 0.5)], "entropy", "its scores hardly differ between the labels."),
        ([("a", False, 0.1, 0.01)], "label_mass", "label words carry 11% of the probability: it words its answers in another way."),
        ([("b", False, 0.9, 0.1)], "best_score_agrees", "100% of its answers are not the label with the best score."),
    ],
)
def test_what_is_odd_gets_a_caution(rows, quantity, caution):
    assert summary(table(rows)).loc[quantity, "caution"] == caution


def test_sounds_that_the_models_limit_cut_are_counted_over_all_shards():
    found = summarise([GOOD], [JOB, {"tensors_placed": 7, "sounds": 5, "sounds_cut": 2}], LABELS, None).set_index("quantity")
    assert found.loc["sounds_cut", "value"] == 2 / 8
    assert found.loc["sounds_cut", "caution"] == "2 of 8 sounds are longer than it can hear and were cut."


def test_the_noise_floor_is_compared_with_the_smallest_claim():
    job = JOB | {"noise_prompts": 200, "answers_unstable": 0.02, "score_noise": 0.1}
    comparisons = pd.DataFrame({"delta": [0.2, -0.015, 0.001], "holm_p": [0.01, 0.02, 0.9]})
    found = summary(GOOD, job=job, comparisons=comparisons)
    assert found.loc["smallest_difference", "value"] == 0.015
    assert (
        "2.0% of its answers change if they are asked in other packs, as much as its smallest significant"
        in found.loc["answers_unstable", "caution"]
    )
    calm = summary(GOOD, job=job | {"answers_unstable": 0.0}, comparisons=comparisons)
    assert calm.loc["answers_unstable", "caution"] == ""
    assert "smallest_difference" not in summary(GOOD, job=job).index


def test_a_class_of_few_speakers_is_named_with_the_share_of_resamples_that_lack_it():
    rows = table([("a", False, 0.9, 0.1)] * 16).assign(speaker=[f"s{number % 8}" for number in range(16)])
    rows["label"] = ["b" if number == 3 else "a" for number in range(16)]
    found = summary(rows)
    draws = np.random.default_rng(0).integers(0, 8, (20_000, 8))
    assert found.loc["resamples_left_out", "value"] == pytest.approx((draws != 3).all(axis=1).mean(), abs=0.012)
    assert found.loc["resamples_left_out", "caution"].startswith("class 'b' has 1 of 8 speakers: some 34% of the resamples lack it")
    assert "resamples_left_out" not in summary(rows.assign(label="a")).index
