"""The bootstrap over speakers, against literal resampling."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.evaluation.recall import confusion_counts
from cuealign.evaluation.resampling import percentile_interval, resampled_uar, speaker_weights
from tests.support.predictions import LABELS, ROUNDING, exact_uar, interval_of, items, predictions_of, quick, table_uar


@quick
@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_weights_are_counts_of_as_many_draws_as_speakers(speakers, resamples, seed):
    weights = speaker_weights(speakers, resamples, seed)
    assert weights.shape == (resamples, speakers)
    assert (weights >= 0).all()
    assert (weights == np.round(weights)).all()
    assert (weights.sum(axis=1) == speakers).all()


@quick
@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_weights_are_the_same_for_the_same_seed(speakers, resamples, seed):
    np.testing.assert_array_equal(speaker_weights(speakers, resamples, seed), speaker_weights(speakers, resamples, seed))


def test_weights_differ_with_the_seed():
    drawn = {speaker_weights(10, 50, seed).tobytes() for seed in range(20)}
    assert len(drawn) == 20


def test_weights_have_the_moments_of_draws_with_replacement():
    speakers, resamples = 8, 20_000
    weights = speaker_weights(speakers, resamples, 0)
    covariance = np.cov(weights, rowvar=False)
    # Multinomial(S, 1/S): mean 1, variance 1 - 1/S, covariance -1/S. The bounds are about six standard errors of the
    # estimates: sqrt(7/8 / 20000) = 0.007 of a mean; about 0.010 of a variance (kurtosis below 4) and 0.007 of a covariance.
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, rtol=0, atol=0.042)
    np.testing.assert_allclose(np.diag(covariance), 1 - 1 / speakers, rtol=0, atol=0.06)
    off_diagonal = covariance[~np.eye(speakers, dtype=bool)]
    np.testing.assert_allclose(off_diagonal, -1 / speakers, rtol=0, atol=0.042)
    # P(no draw) = (1 - 1/S)^S = 0.344, standard error 0.0034.
    np.testing.assert_allclose((weights == 0).mean(axis=0), (1 - 1 / speakers) ** speakers, rtol=0, atol=0.02)


@quick
@given(items, st.integers(0, 2**16))
def test_resampled_uar_is_the_uar_of_the_drawn_speakers_utterances(rows, seed):
    by_speaker = {speaker: [row for row in rows if row[0] == speaker] for speaker in sorted({row[0] for row in rows})}
    weights = speaker_weights(len(by_speaker), 12, seed)
    uars = resampled_uar(confusion_counts(predictions_of(rows), LABELS, list(by_speaker)), weights)
    expected = []
    for draws in weights:
        pool = [row for speaker, count in zip(by_speaker, draws, strict=True) for row in by_speaker[speaker] * int(count)]
        whole = {row[1] for row in pool} == {row[1] for row in rows}
        expected.append(float(exact_uar([row[1] for row in pool], [row[2] for row in pool])) if whole else np.nan)
    assert np.shape(uars) == (12,)
    np.testing.assert_allclose(uars, expected, rtol=0, atol=ROUNDING)


@quick
@given(items)
def test_drawing_every_speaker_equally_often_gives_the_observed_uar(rows):
    speakers = sorted({row[0] for row in rows})
    weights = np.stack([np.full(len(speakers), times) for times in (1, 2, 7)])
    uars = resampled_uar(confusion_counts(predictions_of(rows), LABELS, speakers), weights)
    np.testing.assert_allclose(uars, float(table_uar(predictions_of(rows))), rtol=0, atol=ROUNDING)


def test_a_resample_without_a_class_of_the_sample_has_no_uar():
    rows = [("a", "joy", "joy"), ("a", "joy", "fear"), ("b", "anger", "anger"), ("b", "joy", "joy")]
    uars = resampled_uar(confusion_counts(predictions_of(rows), LABELS, ["a", "b"]), np.array([[2, 0], [1, 1], [0, 2]]))
    # Anger is missing; joy 2/3 with anger 1; joy 1 with anger 1. The class fear, which nobody speaks, is no class of the sample.
    np.testing.assert_allclose(uars, [np.nan, 5 / 6, 1], rtol=0, atol=ROUNDING)
    assert percentile_interval(uars, 0.999) == pytest.approx((5 / 6, 1), abs=1e-3)
    assert np.isnan(percentile_interval(uars[:1], 0.9)).all()


def test_resampled_uar_has_the_spread_of_the_mean_over_speakers():
    accuracies = np.array([0, 2, 3, 7, 9, 10, 10, 5])
    rows = [
        (f"speaker-{s}", "joy", "joy" if k < hits else "fear")
        for s, hits in enumerate(accuracies)
        for k in range(10)
    ]  # fmt: skip
    uars = resampled_uar(
        confusion_counts(predictions_of(rows), LABELS, [f"speaker-{s}" for s in range(8)]), speaker_weights(len(accuracies), 20_000, 1)
    )
    # One class and speakers of one size: the UAR is the mean of the drawn accuracies, so its standard deviation is known.
    # Estimating a standard deviation from 20,000 draws has a relative standard error of 1/sqrt(40,000) = 0.5 %; the mean, of 0.0009.
    assert uars.mean() == pytest.approx(accuracies.mean() / 10, abs=0.005)
    assert uars.std() == pytest.approx(accuracies.std() / 10 / math.sqrt(8), rel=0.03)


@quick
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_percentile_interval_cuts_the_same_share_off_both_ends(values, confidence):
    low, high = percentile_interval(np.array(values), confidence)
    expected = interval_of(values, confidence)
    assert (low, high) == (pytest.approx(expected[0], abs=ROUNDING), pytest.approx(expected[1], abs=ROUNDING))


@quick
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_percentile_interval_widens_with_the_confidence_within_the_range(values, one, other):
    narrow = percentile_interval(np.array(values), min(one, other))
    wide = percentile_interval(np.array(values), max(one, other))
    # Interpolation between equal or nearly equal values may be off by an ulp of a value of at most 1.
    assert min(values) - ROUNDING <= wide[0] <= narrow[0] + ROUNDING
    assert narrow[0] <= narrow[1] + ROUNDING
    assert narrow[1] - ROUNDING <= wide[1] <= max(values) + ROUNDING


def test_95_percent_interval_of_0_to_1000_is_25_to_975():
    # 1001 equally spaced values: the percentiles fall on values, so nothing is interpolated.
    low, high = percentile_interval(np.random.default_rng(0).permutation(1001), 0.95)
    assert (low, high) == (pytest.approx(25, abs=1e-9), pytest.approx(975, abs=1e-9))
