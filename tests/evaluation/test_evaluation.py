"""What leaves the metrics of a model as they are, what changes them, and what is refused."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.errors import InputError
from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.evaluation import INTERVALS, Evaluation
from tests.support.predictions import (
    CONFLICT,
    CORRECT,
    CORRUPTS,
    LABELS,
    NONE,
    ROUNDING,
    SHUFFLES,
    STATISTICS,
    assert_rows,
    assert_same_metrics,
    comparison_rows,
    condition_rows,
    evaluate,
    predictions_of,
    random_predictions,
    slow,
)


def test_evaluation_does_not_change_its_input():
    study = random_predictions(0)
    before = {key: frame.copy(deep=True) for key, frame in study.items()}
    evaluate(study)
    for key, frame in study.items():
        pd.testing.assert_frame_equal(frame, before[key])


def test_log_probabilities_change_no_metric(study, metrics):
    scored = {key: frame.assign(**{f"logprob_{label}": -1.5 for label in LABELS}) for key, frame in study.items()}
    assert_same_metrics(evaluate(scored), metrics)


def test_the_order_of_the_conditions_changes_nothing_but_row_order(study, metrics):
    reversed_study = dict(reversed(study.items()))
    # The means over seeds may be summed in another order, so equality up to rounding here.
    other = evaluate(reversed_study)
    assert_rows(condition_rows(other), condition_rows(metrics))
    assert_rows(comparison_rows(other), comparison_rows(metrics))


@slow
@given(st.integers(0, 2**16), st.randoms(use_true_random=False))
def test_permuting_the_utterances_of_all_tables_alike_changes_nothing(seed, random):
    study = random_predictions(seed, keys=(NONE, CORRECT, CONFLICT, *SHUFFLES, *CORRUPTS[:4]), utterances=40)
    order = random.sample(range(40), 40)
    permuted = {key: frame.iloc[order].reset_index(drop=True) for key, frame in study.items()}
    assert_same_metrics(evaluate(permuted), evaluate(study))


@slow
@given(st.integers(0, 2**16))
def test_swapping_correct_and_audio_only_mirrors_their_comparison(seed):
    study = random_predictions(seed, keys=(NONE, CORRECT), utterances=40)
    swapped = {NONE: study[CORRECT], CORRECT: study[NONE]}
    one, other = (evaluate(each).comparisons.iloc[0] for each in (study, swapped))
    for low, high in (("ci_low", "ci_high"), ("t_low", "t_high"), ("session_low", "session_high")):
        assert [other[low], other[high]] == pytest.approx([-one[high], -one[low]], abs=ROUNDING, nan_ok=True)
    assert other["delta"] == pytest.approx(-one["delta"], abs=ROUNDING)
    for column in ("mcnemar_p", "swap_p", "detectable"):
        assert other[column] == pytest.approx(one[column], rel=1e-9, nan_ok=True)
    # One row only, so Holm leaves the p-value as it is; it is not in the paper's family.
    assert (one["mcnemar_p"], one["swap_p"]) == (one["holm_p"], one["swap_holm_p"])
    assert np.isnan(one["holm_paper_p"])


@slow
@given(st.integers(0, 2**16), st.permutations(LABELS))
def test_renaming_the_labels_changes_no_score(seed, names):
    study = random_predictions(seed, keys=(NONE, CORRECT, CONFLICT), utterances=40)
    renaming = dict(zip(LABELS, names, strict=True)) | {INVALID: INVALID}
    renamed = {
        key: frame.assign(label=frame["label"].map(renaming), prediction=frame["prediction"].map(renaming)) for key, frame in study.items()
    }
    one, other = evaluate(study), evaluate(renamed)
    assert_rows(condition_rows(other), condition_rows(one))
    assert_rows(comparison_rows(other), comparison_rows(one))


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
@pytest.mark.parametrize("study_seed", range(4))
def test_identical_predictions_differ_by_exactly_nothing(seeds, study_seed):
    frame = random_predictions(study_seed, keys=(NONE,), utterances=40)[NONE]
    randomised = [(intervention, p, str(seed)) for intervention, p in (("shuffle", "0"), ("corrupt", "0.4")) for seed in range(seeds)]
    metrics = evaluate({key: frame.copy() for key in (NONE, CORRECT, CONFLICT, *randomised)})
    comparisons = metrics.comparisons
    assert len(comparisons) == 7
    assert (comparisons[["mcnemar_p", "holm_p", "swap_p", "swap_holm_p"]] == 1).all(axis=None)
    # No tolerance: an interval from 0 to 1e-17 reads as a difference of one sign. A class of one speaker leaves no t interval.
    known = comparisons[["delta", *INTERVALS, "detectable"]].dropna(axis=1)
    assert {"delta", "ci_low", "ci_high"} <= set(known.columns)
    assert (known == 0).all(axis=None)


def test_evaluation_is_the_same_for_the_same_seed(study, metrics):
    assert_same_metrics(evaluate(study), metrics)


def test_the_bootstrap_seed_moves_the_intervals_only(study, metrics):
    other = evaluate(study, seed=12)
    for name in ("conditions", "comparisons"):
        one, two = getattr(metrics, name), getattr(other, name)
        intervals = ["ci_low", "ci_high"]  # the jackknife draws nothing, and swaps of seven speakers are all tried
        pd.testing.assert_frame_equal(one.drop(columns=intervals), two.drop(columns=intervals), check_exact=True)
        assert (one[intervals] != two[intervals]).any(axis=None)
    pd.testing.assert_frame_equal(other.trend, metrics.trend, check_exact=True)
    pd.testing.assert_frame_equal(other.confusion, metrics.confusion, check_exact=True)


@slow
@given(st.integers(0, 2**16), st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_more_confidence_gives_intervals_around_those_of_less(seed, one, other):
    study = random_predictions(seed, keys=(NONE, CORRECT), utterances=40)
    narrow, wide = (evaluate(study, confidence=level) for level in sorted((one, other)))
    for name in ("conditions", "comparisons"):
        inner, outer = getattr(narrow, name), getattr(wide, name)
        # An ulp of interpolation between equal resamples.
        assert (outer["ci_low"] <= inner["ci_low"] + ROUNDING).all()
        assert (outer["ci_high"] >= inner["ci_high"] - ROUNDING).all()


def test_a_label_without_utterances_changes_no_score(study, metrics):
    other = evaluate(study, ("boredom", *LABELS))
    assert_rows(condition_rows(other), condition_rows(metrics))
    assert_rows(comparison_rows(other), comparison_rows(metrics))
    assert other.confusion.loc[other.confusion["label"] == "boredom", "count"].sum() == 0


@pytest.mark.parametrize(("speakers", "shown"), [(1, False), (5, False), (6, True)])
def test_fewer_than_six_speakers_have_no_intervals_and_no_tests_by_speaker(speakers, shown, caplog):
    study = {
        key: frame.assign(speaker=[f"speaker-{number % speakers}" for number in range(len(frame))], session="")
        for key, frame in random_predictions(0, keys=(NONE, CORRECT, *CORRUPTS)).items()
    }
    metrics = evaluate(study)
    Evaluation(study, LABELS, STATISTICS).warn()
    by_speaker = ["ci_low", "ci_high", "t_low", "t_high"]
    assert metrics.conditions[by_speaker].notna().all(axis=None) == shown
    assert metrics.conditions[by_speaker].isna().all(axis=None) != shown
    assert metrics.comparisons[[*by_speaker, "swap_p", "swap_holm_p", "detectable"]].notna().all(axis=None) == shown
    assert metrics.trend["slope_low"].notna().all() == shown
    assert metrics.comparisons["mcnemar_p"].notna().all()  # by utterance
    assert metrics.trend["slope"].notna().all()
    assert (f"only {speakers} speakers: no intervals and no tests by speaker (at least 6)" in caplog.text) != shown


def test_five_sessions_have_intervals_and_fewer_have_none():
    study = random_predictions(0, keys=(NONE, CORRECT))
    shown = evaluate(study).comparisons.iloc[0]
    assert np.isfinite([shown["session_low"], shown["session_high"]]).all()
    four = {key: frame.assign(session=frame["session"].replace({"s5": "s4"})) for key, frame in study.items()}
    assert evaluate(four).comparisons[["session_low", "session_high"]].isna().all(axis=None)
    none = {key: frame.assign(session="") for key, frame in study.items()}
    assert evaluate(none).comparisons[["session_low", "session_high"]].isna().all(axis=None)


def test_a_class_of_one_speaker_has_no_t_interval_and_is_named(caplog):
    study = {
        key: frame.assign(label=frame["label"].where((frame["label"] != "fear") | (frame["speaker"] == "b"), "joy"))
        for key, frame in random_predictions(0, keys=(NONE, CORRECT)).items()
    }
    Evaluation(study, LABELS, STATISTICS).warn()
    row = evaluate(study).comparisons.iloc[0]
    assert np.isnan([row["t_low"], row["t_high"], row["detectable"]]).all()
    assert np.isfinite([row["ci_low"], row["ci_high"], row["swap_p"]]).all()
    # Of seven speakers, seven draws miss one with a probability of (6/7)^7 = 34 %; one hundred resamples, standard error 5 %.
    assert "class 'fear' is spoken by b only: " in caplog.text
    assert 20 < float(caplog.text.partition("only: ")[2].partition(" ")[0]) < 50


def test_intervals_over_different_speakers_are_wider_than_over_utterances():
    rows = [
        (f"speaker-{s}", label, label if s % 2 else INVALID)
        for s, label, _ in itertools.product(range(10), LABELS, range(5))
    ]  # fmt: skip
    speakers = {NONE: predictions_of(rows)}
    utterances = {NONE: predictions_of([(f"utterance-{i}", *row[1:]) for i, row in enumerate(rows)])}
    widths = []
    for study in (speakers, utterances):
        conditions = evaluate(study, resamples=2000, confidence=0.95, seed=0).conditions
        widths.append(float(conditions["ci_high"].iloc[0] - conditions["ci_low"].iloc[0]))
    # Speakers of twenty like answers: the standard error is sqrt(20) = 4.5 times that of independent utterances.
    assert 3 < widths[0] / widths[1] < 6


def test_differences_are_paired_by_speaker():
    # Speaker s gets s of ten right in each class, and one more with the right tokens: the UARs vary with the draw, their
    # difference does not.
    rows = [(f"speaker-{s}", label, k) for s, label, k in itertools.product(range(8), LABELS, range(10))]
    study = {
        key: predictions_of([(speaker, label, label if k < int(speaker[-1]) + gain else INVALID) for speaker, label, k in rows])
        for key, gain in ((NONE, 0), (CORRECT, 1))
    }
    metrics = evaluate(study, resamples=500, confidence=0.95, seed=0)
    assert (metrics.conditions["ci_high"] - metrics.conditions["ci_low"] > 0.2).all()
    row = metrics.comparisons.iloc[0]
    assert row[["delta", "ci_low", "ci_high", "t_low", "t_high"]].tolist() == pytest.approx([0.1] * 5, abs=ROUNDING)
    assert row["mcnemar_p"] == pytest.approx(2.0**-31, rel=1e-9)  # 32 discordant pairs, all on one side
    assert row["swap_p"] == 2 / 2**8  # of eight speakers, only no swap and all swaps are as far from 0


def other_utterance(frame):
    return frame.assign(utterance=["another", *frame["utterance"][1:]])


def other_order(frame):
    return frame.iloc[::-1].reset_index(drop=True)


def one_fewer(frame):
    return frame.iloc[:-1]


def one_more(frame):
    return pd.concat([frame, frame.iloc[:1].assign(utterance="another")], ignore_index=True)


@pytest.mark.parametrize("change", [other_utterance, other_order, one_fewer, one_more])
@pytest.mark.parametrize("key", [NONE, CORRECT, SHUFFLES[0]])
def test_tables_of_different_utterances_are_refused(change, key):
    study = random_predictions(0, keys=(NONE, CORRECT, SHUFFLES[0]), utterances=20)
    study[key] = change(study[key])
    with pytest.raises(InputError):
        evaluate(study)


@pytest.mark.parametrize("column", ["label", "prediction"])
def test_evaluation_refuses_and_names_an_unknown_label(column):
    study = random_predictions(0, keys=(NONE,), utterances=20)
    study[NONE].loc[7, column] = "boredom"
    with pytest.raises(InputError, match="boredom"):
        evaluate(study)
