"""Every estimator against an oracle that was written without sight of it: loops, statsmodels and scikit-learn.

Sums in another order differ by rounding: 1e-9 relative to values of order one is a million times that.
"""

import warnings

import numpy as np
import pytest

from cuealign.core.vocabulary import CONCEPTS
from cuealign.evaluation.grounding import accuracy, effects, following, information, movement, tables
from cuealign.evaluation.grounding.clusters import Clusters, Quantity, quantity
from cuealign.evaluation.grounding.effects import PAIRS
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.readers import cue_reader, own_reader
from tests.support import grounding_oracle as oracle
from tests.support.studies import Size, World, simulate

CASES = [("mixture(0.25)", 0), ("dead_label", 1), ("wording", 2), ("product", 3)]
TIGHT = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(params=CASES, ids=lambda case: case[0])
def case(request, grounding_of):
    return grounding_of(*request.param)


def without(case, cluster, condition="shuffle"):
    """The draws of a condition without the utterances of a speaker."""
    kept = case.trials.speakers != cluster
    draws = case.trials.conditions[condition]
    return kept, draws.answers[kept], draws.scores[kept], draws.tokens[kept]


def test_movement_of_answers_with_all_speakers_and_without_each(case):
    draws = case.draws("shuffle")
    moved = movement.answers_moved(draws.answers, case.speakers)
    share = movement.share_moved(movement.one_hot(draws.answers, case.count + 1), case.speakers)
    np.testing.assert_allclose(moved[0], oracle.answers_moved(draws.answers), **TIGHT)
    np.testing.assert_allclose(share[0], oracle.share_answers(draws.answers), **TIGHT)
    for speaker in range(case.speakers.count):
        _, answers, _, _ = without(case, speaker)
        np.testing.assert_allclose(moved[speaker + 1], oracle.answers_moved(answers), **TIGHT)
        np.testing.assert_allclose(share[speaker + 1], oracle.share_answers(answers), **TIGHT)


def test_without_the_only_speaker_no_variance_is_known_and_nothing_warns():
    vectors = np.array([[[0.0], [1.0]], [[1.0], [1.0]]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        within, between = movement.variances(vectors, Clusters(np.zeros(2, int)))
        share = movement.share_moved(vectors, Clusters(np.zeros(2, int)))
    assert within[0] == 0.25
    assert between[0] == 0.0
    assert share[0] == 1.0
    assert np.isnan([within[1], between[1], share[1]]).all()


def test_reading_has_no_agreement_where_no_token_is_frequent_enough_and_nothing_warns():
    trials = simulate("mixture(0.5)", Size(8, 32, 4, (1, 1, 1, 1)), World(3), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tables.reliance(Grounding(trials, {}), 0.95).set_index("quantity")["value"]
    assert found.filter(like="reading_agreement").isna().all()
    assert np.isfinite(found["share_logodds_additive"])


def test_share_of_log_odds_over_live_labels(case):
    draws = case.draws("corrupt(1.0)")
    live = oracle.live_labels(draws.answers, case.count)
    assert case.live.tolist() == live
    np.testing.assert_allclose(case.log_odds, oracle.log_odds(draws.scores, live), atol=1e-9)
    share = case.quantities(case.speakers)["share_logodds"]
    np.testing.assert_allclose(share.value, oracle.share_logodds(draws.scores, live), **TIGHT)
    _, _, scores, _ = without(case, 2, "corrupt(1.0)")
    np.testing.assert_allclose(share.left_out[2], oracle.share_logodds(scores, live), **TIGHT)


def test_effects_are_those_of_statsmodels_with_all_speakers_and_without_one(case):
    draws = case.draws("corrupt(1.0)")
    fit = case.by_speaker
    np.testing.assert_allclose(fit.effects[0], oracle.token_effects(draws.scores, draws.tokens, case.live), atol=1e-8)
    _, _, scores, tokens = without(case, 1, "corrupt(1.0)")
    np.testing.assert_allclose(fit.effects[2], oracle.token_effects(scores, tokens, case.live), atol=1e-8)
    np.testing.assert_allclose(fit.powers[0], oracle.concept_powers(fit.effects[0]), **TIGHT)


def test_additive_shares_are_corrected_by_the_jackknife(case):
    draws = case.draws("corrupt(1.0)")
    expected = oracle.additive_shares(draws.scores, draws.tokens, case.trials.speakers, case.live)
    found = case.quantities(case.speakers)
    np.testing.assert_allclose(found["share_logodds_additive"].value, expected["additive"], atol=1e-8)
    for concept in CONCEPTS:
        np.testing.assert_allclose(found[f"share_{concept}"].value, expected[concept], atol=1e-8)


def test_information_and_persuasion(case):
    shuffled, none = case.draws("shuffle"), case.draws("none")
    np.testing.assert_allclose(information.information(shuffled.scores).mean(), oracle.information_bits(shuffled.scores), **TIGHT)
    moved = information.jensen_shannon(shuffled.scores, none.scores)
    np.testing.assert_allclose(moved.mean(), oracle.js_bits(shuffled.scores, none.scores), **TIGHT)


def test_following_against_the_cue_reader(case):
    shuffled, correct, conflict = case.draws("shuffle"), case.draws("correct"), case.draws("conflict")
    theirs = oracle.cue_reader(case.trials.labels, correct.tokens, case.trials.speakers)
    ours = cue_reader(case.trials.labels, correct.tokens[:, 0], case.speakers, case.count)
    read = ours(shuffled.tokens)
    # Their solver stops at a gradient of 1e-4, so a near-tie may fall the other way.
    assert (read == theirs(shuffled.tokens)).mean() > 0.995
    index = following.follow_index(shuffled.answers, read, case.speakers)
    np.testing.assert_allclose(index[0], oracle.follow_index(shuffled.answers, shuffled.tokens, read), **TIGHT)
    kept, answers, _, tokens = without(case, 4)
    np.testing.assert_allclose(index[5], oracle.follow_index(answers, tokens, read[kept]), **TIGHT)
    rate = following.conflict_follow_rate(conflict.answers, ours(conflict.tokens), ours(correct.tokens), shuffled.answers, case.speakers)
    expected = oracle.conflict_follow_rate(conflict.answers, ours(conflict.tokens), shuffled.answers, ours(correct.tokens), all_draws=True)
    np.testing.assert_allclose(rate[0], expected, **TIGHT)


def test_the_follow_index_of_each_speaker_is_that_of_its_trials_alone(case):
    draws, read = case.draws("shuffle"), case.read_foreign
    found = case.follow_index_by_speaker()
    for speaker in range(case.speakers.count):
        own = case.trials.speakers == speaker
        np.testing.assert_allclose(found[speaker], oracle.follow_index(draws.answers[own], None, read[own]), **TIGHT)


def test_the_models_own_reader(case):
    random, shuffled = case.draws("corrupt(1.0)"), case.draws("shuffle")
    theirs = oracle.own_reader(random.answers, random.tokens, case.trials.speakers, case.count)
    ours = own_reader(random.answers, random.tokens, case.speakers, case.count)
    assert (ours(shuffled.tokens) == theirs(shuffled.tokens)).all()


def test_the_block_without_content(case):
    random, clusters = case.draws("corrupt(1.0)"), case.speakers
    answers = oracle.without_content(random.scores, random.tokens, case.by_speaker.effects[0], case.live)
    found = case.without_content(clusters)
    np.testing.assert_allclose(found[0], oracle.uar(case.trials.labels, answers, case.count), **TIGHT)
    kept, _, scores, tokens = without(case, 3, "corrupt(1.0)")
    left = oracle.without_content(scores, tokens, oracle.token_effects(scores, tokens, case.live), case.live)
    np.testing.assert_allclose(found[4], oracle.uar(case.trials.labels[kept], left, case.count), **TIGHT)


def test_calibration_and_prior(case):
    draws, none = case.draws("corrupt(1.0)"), case.draws("none")
    labels, clusters = case.trials.labels, case.speakers
    error = accuracy.calibration_error(draws.scores, labels, clusters)
    np.testing.assert_allclose(error[0], oracle.expected_calibration_error(draws.scores, labels), **TIGHT)
    shift = case.quantities(clusters)["prior_shift_shuffle"]
    expected = oracle.prior_shift(case.draws("shuffle").scores, none.scores, labels)
    np.testing.assert_allclose(shift.value, np.sqrt(np.mean(np.square(expected))), atol=1e-9)


def test_discrimination_is_blind_to_a_shift_of_the_prior(case):
    draws, clusters = case.draws("correct"), case.speakers
    odds = (draws.scores - draws.scores.mean(axis=-1, keepdims=True)).mean(axis=1)
    shifted = odds + np.array([1.0, -2.0, 0.5, 0.5])
    one, two = (accuracy.discrimination(values, case.trials.labels, clusters, case.count) for values in (odds, shifted))
    np.testing.assert_allclose(one, two, atol=1e-9)
    means = [odds[case.trials.labels == y].mean(axis=0) for y in range(case.count)]
    np.testing.assert_allclose(one[0], np.mean([means[y][y] - np.mean([m[y] for m in means]) for y in range(case.count)]), atol=1e-9)


@pytest.mark.parametrize("scale", ["plain", "share", "log"])
@pytest.mark.parametrize("value", [0.0005, 0.2, 0.98])
def test_intervals_on_their_scales(scale, value):
    random = np.random.default_rng(7)
    left_out = value + 0.1 * min(value, 1 - value) * random.uniform(-1, 1, 9)
    sizes = random.integers(5, 50, 9)
    low, high = oracle.jackknife_t(value, left_out, sizes, 0.95, scale)
    if scale == "share":
        low, high = max(low, 0), min(high, 1)
    np.testing.assert_allclose(Quantity(value, left_out, sizes, scale).interval(0.95), (low, high), rtol=1e-9)


@pytest.mark.parametrize("scale", ["share", "odds"])
@pytest.mark.parametrize(("value", "shown"), [(1.012, 1.0), (-0.004, 0.0), (0.4, 0.4)])
def test_a_share_is_reported_between_0_and_1_with_its_interval_around_it(scale, value, shown):
    """Its estimate without bias may lie outside: listeners to cues moved 101.2 % [99.7, 100.0] of the variation."""
    found = Quantity(value, value + np.array([-0.02, 0.01, 0.0, 0.015, -0.01]), np.full(5, 20), scale)
    low, high = found.interval(0.95)
    assert found.shown == shown
    assert 0 <= low <= shown <= high <= 1
    assert Quantity(value, found.left_out, found.sizes).shown == value


def test_pairs_explain_what_a_dummy_for_each_combination_does():
    """Brute force: least squares with a dummy for every pair of levels of two concepts, in a design of their six tokens."""
    random = np.random.default_rng(8)
    tokens = random.integers(0, 5, (700, 5, 6))
    a, b = 1, 4
    truth = random.normal(size=(5, 5, 2))
    truth -= truth.mean(axis=0, keepdims=True)
    truth -= truth.mean(axis=1, keepdims=True)
    values = truth[tokens[..., a], tokens[..., b]] + random.normal(size=(700, 1, 2))
    clusters = Clusters(np.arange(700) % 7)
    design = np.concatenate([effects.main_design(tokens), effects.pair_design(tokens)], axis=-1)
    powers = effects.fit(values, design, clusters).pair_powers
    place = PAIRS.index((a, b))
    # There is no noise within utterances, so the fit is exact.
    np.testing.assert_allclose(powers[:, place], np.square(truth).sum() / 25, rtol=1e-8)
    np.testing.assert_allclose(np.delete(powers, place, axis=1), 0, atol=1e-12)


def test_a_cluster_that_holds_a_class_alone_leaves_no_uar_without_it():
    labels, answers = np.array([0, 0, 1, 1, 2]), np.array([[0], [0], [1], [0], [2]])
    found = accuracy.uar(labels, answers, Clusters(np.array([0, 1, 0, 1, 1])), 3)
    np.testing.assert_allclose(found, [(1 + 0.5 + 1) / 3, (1 + 0 + 1) / 3, np.nan])
    assert np.isnan(quantity(found, Clusters(np.array([0, 1, 0, 1, 1]))).interval(0.95)).all()
