"""Hand-computed checks of the oracle."""

import math

import numpy as np
import pytest
from scipy import stats

from tests.support import grounding_oracle as o

RNG = np.random.default_rng(5)


def log_p(p):
    return np.log(np.asarray(p, dtype=float))


def random_tokens(n, s, rng=RNG):
    return rng.integers(0, 5, (n, s, 6))


# answers -----------------------------------------------------------------------------------------------------------------------------


def test_answers_moved():
    # u0: pairs 00, 01, 01 -> 2/3; u1: all differ (2 = INVALID of C = 2) -> 1; u2: none -> 0
    assert o.answers_moved([[0, 0, 1], [0, 1, 2], [1, 1, 1]]) == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_share_answers():
    # S = 2. u0 = (0, 1): mean (.5, .5), squared deviations .5 + .5 = 1. u1 = (0, 0): 0. W = 1 / (2 * 1) = .5
    # means (.5, .5), (1, 0): variance ddof 1 per category .125, total .25; B = .25 - .25 = 0 -> share 1
    assert o.within_and_between(np.eye(2)[np.array([[0, 1], [0, 0]])]) == pytest.approx((0.5, 0.0))
    assert o.share_answers([[0, 1], [0, 0]]) == pytest.approx(1.0)
    # utterances fixed, but different: W = 0, B > 0 -> 0; one label always: NaN
    assert o.share_answers([[0, 0], [1, 1]]) == 0
    assert math.isnan(o.share_answers([[3, 3], [3, 3]]))
    # three utterances: 00, 11, 01. W = 1/3. means (1,0),(0,1),(.5,.5): variance (.25+.25)/2 = .25 a category, .5; B = .5 - 1/6 = 1/3
    assert o.share_answers([[0, 0], [1, 1], [0, 1]]) == pytest.approx(0.5)
    # W = F / 1 for one-hot: |f - f'|^2 / 2 averaged over pairs is the share of pairs that differ
    a = RNG.integers(0, 4, (50, 5))
    assert o.within_and_between(np.eye(4)[a])[0] == pytest.approx(o.answers_moved(a))


def test_live_labels():
    answers = np.array([0] * 98 + [1] * 1 + [2] * 2 + [3] * 99).reshape(100, 2)  # 200 answers, C = 3, 3 = INVALID
    assert o.live_labels(answers, 3) == [0]  # label 1: .5 %, label 2: exactly 1 %, not more; INVALID never


def test_log_odds_and_share():
    scores = log_p([[[0.2, 0.3, 0.5], [0.4, 0.1, 0.5]], [[0.1, 0.1, 0.8], [0.1, 0.1, 0.8]]])
    z = o.log_odds(scores, [0, 1])
    half = math.log(2 / 3) / 2
    np.testing.assert_allclose(z[0, 0], [half, -half])
    np.testing.assert_allclose(z[0, 1], [math.log(4) / 2, -math.log(4) / 2])
    # by hand in the first coordinate x = z_0, both coordinates count the same
    a, b = half, math.log(4) / 2
    w = 2 * ((a - b) ** 2 / 2) / 2
    var = 2 * ((a + b) / 2) ** 2 / 2
    assert o.share_logodds(scores, [0, 1]) == pytest.approx(w / (w + var - w / 2))
    assert math.isnan(o.share_logodds(scores, [2]))


def test_share_recovers_truth():
    n, s = 4000, 5
    z = RNG.normal(size=(n, 1, 3)) * 2 + RNG.normal(size=(n, s, 3))
    scores = z - np.log(np.exp(z).sum(2, keepdims=True))
    assert o.share_logodds(scores, [0, 1, 2]) == pytest.approx(0.2, abs=0.01)


# effects -----------------------------------------------------------------------------------------------------------------------------


def true_effects(c, rng):
    w = rng.normal(size=(6, 5, c))
    w -= w.mean(axis=1, keepdims=True)
    return w - w.mean(axis=2, keepdims=True)


def additive_scores(w, tokens, audio):
    z = audio + sum(np.where(tokens[..., [k]] >= 0, w[k, tokens[..., k]], 0.0) for k in range(6))
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def test_effects_exact_and_unvoiced():
    rng = np.random.default_rng(1)
    w = true_effects(3, rng)
    tokens = random_tokens(80, 5, rng)
    tokens[:20, :, 1] = -1  # UNVOICED in all draws
    scores = additive_scores(w, tokens, rng.normal(size=(80, 1, 3)))
    np.testing.assert_allclose(o.token_effects(scores, tokens, [0, 1, 2]), w, atol=1e-10)
    # a reader of live labels only: log-odds of 0 and 2
    sub = w[:, :, [0, 2]]
    np.testing.assert_allclose(o.token_effects(scores, tokens, [0, 2]), sub - sub.mean(2, keepdims=True), atol=1e-10)
    # UNVOICED in single draws, acts like a zero row
    tokens[20:50, 2, 4] = -1
    scores = additive_scores(w, tokens, rng.normal(size=(80, 1, 3)))
    np.testing.assert_allclose(o.token_effects(scores, tokens, [0, 1, 2]), w, atol=1e-10)


def test_effects_by_hand():
    # one concept varies, two levels: 0 in draw 0, 1 in draw 1. z difference of d1 = 2 and d2 = 4 in two utterances -> w = mean 3, +-1.5
    tokens = np.zeros((2, 2, 6), dtype=int)
    tokens[:, 1, 0] = 1
    z = np.zeros((2, 2, 2))
    z[0, 0], z[0, 1] = [1, -1], [-1, 1]
    z[1, 0], z[1, 1] = [2, -2], [-2, 2]
    scores = z - np.log(np.exp(z).sum(2, keepdims=True))
    w = o.token_effects(scores, tokens, [0, 1])
    np.testing.assert_allclose(w[0, 0], [1.5, -1.5])
    np.testing.assert_allclose(w[0, 1], [-1.5, 1.5])
    np.testing.assert_allclose(w[0, 2:], 0, atol=1e-12)
    np.testing.assert_allclose(w[1:], 0, atol=1e-12)
    np.testing.assert_allclose(o.concept_powers(w), [2 * 2 * 2.25 / 5, 0, 0, 0, 0, 0], atol=1e-12)


def test_demeaned_fit_is_dummy_fit():
    rng = np.random.default_rng(2)
    tokens = random_tokens(30, 4, rng)
    tokens[3:9, 1:3, 5] = -1
    tokens[:5, :, 1] = -1
    values = rng.normal(size=(30, 4, 3))
    np.testing.assert_allclose(o.within_fit(values, tokens), o.within_fit_by_dummies(values, tokens), atol=1e-10)
    np.testing.assert_allclose(o.within_fit(values, tokens).mean(axis=1), 0, atol=1e-12)
    # a level never drawn
    tokens[tokens[..., 2] == 4, 2] = 0
    np.testing.assert_allclose(o.within_fit(values, tokens), o.within_fit_by_dummies(values, tokens), atol=1e-10)
    assert np.all(o.within_fit(values, tokens)[2, 4] == 0)


def test_jackknife_corrected():
    np.testing.assert_allclose(o.jackknife_corrected([1.0, 2.0], [[1.5, 2], [0.9, 2]]), [2 - 1.2, 2.0])
    # squared mean, unbiased after correction: theta = mean^2; exact value mean^2 - var / n
    x = RNG.normal(size=8)
    out = [np.delete(x, i).mean() ** 2 for i in range(8)]
    assert o.jackknife_corrected(x.mean() ** 2, out) == pytest.approx(x.mean() ** 2 - x.var(ddof=1) / 8)


def test_additive_shares():
    rng = np.random.default_rng(3)
    w = true_effects(3, rng) * 0.5
    w[2] = 0
    n = 300
    tokens = random_tokens(n, 5, rng)
    scores = additive_scores(w, tokens, 2 * rng.normal(size=(n, 1, 3)))
    speakers = np.arange(n) % 10
    shares = o.additive_shares(scores, tokens, speakers, [0, 1, 2])
    # no noise: every fit is exact, so no bias to take off
    within, between = o.within_and_between(o.log_odds(scores, [0, 1, 2]))
    powers = (w**2).mean(axis=1).sum(axis=1)
    for k, concept in enumerate(o.CONCEPTS):
        assert shares[concept] == pytest.approx(powers[k] / (within + between), abs=1e-10)
    assert shares["additive"] == pytest.approx(powers.sum() / (within + between))
    assert shares["additive"] == pytest.approx(o.share_logodds(scores, [0, 1, 2]), rel=0.1)
    assert o.additive_parts_of_within(scores, tokens, speakers, [0, 1, 2])["additive"] == pytest.approx(powers.sum() / within)


def test_correction_removes_noise():
    rng = np.random.default_rng(4)
    totals, plain = [], []
    for _ in range(20):
        z = rng.normal(size=(100, 5, 3))
        tokens = random_tokens(100, 5, rng)
        totals.append(o.corrected_powers(z, tokens, np.arange(100) % 10, [0, 1, 2]).sum())
        plain.append(o.concept_powers(o.token_effects(z, tokens, [0, 1, 2])).sum())
    assert np.mean(plain) > 0.1
    assert abs(np.mean(totals)) < 4 * np.std(totals, ddof=1) / math.sqrt(20)


# information -------------------------------------------------------------------------------------------------------------------------


def test_information():
    tiny = 1e-300
    scores = np.log([[[1, tiny], [tiny, 1]], [[0.5, 0.5], [0.5, 0.5]]])
    # u0: H(.5) - 0 = 1 bit; u1: 0; I_1 = 0 -> 2 * .5 - 0 = 1
    assert o.plug_in_information(scores) == pytest.approx(0.5)
    assert o.information_bits(scores) == pytest.approx(1.0)
    # three draws of one utterance: A, A, B certain. I_3 = h(1/3); leaving out: A A... -> left out B: 0, left out an A: 1 bit
    scores = np.log([[[1, tiny], [1, tiny], [tiny, 1]]])
    h = -(1 / 3) * math.log2(1 / 3) - (2 / 3) * math.log2(2 / 3)
    assert o.information_bits(scores) == pytest.approx(3 * h - 2 * (2 / 3))
    assert math.isnan(o.information_bits(scores[:, :1]))


def test_js():
    a = np.log([[[1.0, 1e-300]], [[0.5, 0.5]]])
    b = np.log([[[1e-300, 1.0]], [[0.5, 0.5]]])
    assert o.js_bits(a, b) == pytest.approx(0.5)  # disjoint: 1 bit; same: 0
    with np.errstate(divide="ignore"):
        assert o.js_bits(np.log([[[1.0, 0.0]]]), np.log([[[0.5, 0.5]]])) == pytest.approx(
            0.5 * math.log2(1 / 0.75) + 0.5 * (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25))
        )


# following ---------------------------------------------------------------------------------------------------------------------------


def test_cue_reader_crossfit():
    # label = level of concept 0 (0 or 1) for speakers 0..3, the opposite for speaker 4
    n = 100
    speakers = np.arange(n) % 5
    rng = np.random.default_rng(6)
    tokens = rng.integers(0, 5, (n, 6))
    tokens[:, 0] = rng.integers(0, 2, n)
    labels = np.where(speakers == 4, 1 - tokens[:, 0], tokens[:, 0])
    read = o.cue_reader(labels, np.repeat(tokens[:, None], 3, 1), speakers)
    r = read(tokens)
    assert r.shape == (n,)
    np.testing.assert_array_equal(r[speakers == 4], tokens[speakers == 4, 0])  # fitted on the others only
    drawn = random_tokens(n, 3, rng)
    assert read(drawn).shape == (n, 3)
    np.testing.assert_array_equal(read(drawn)[:, 1], read(drawn[:, 1]))
    with pytest.raises(ValueError, match="differ"):
        o.cue_reader(labels, drawn, speakers)


def test_cue_reader_is_balanced():
    # 90 % label 0; token 0 of concept 0 says 0, token 1 is equally common among the labels' ... P(label 1 | token 1) = .4 raw
    labels = np.array([0] * 90 + [1] * 10)
    tokens = -np.ones((100, 6), dtype=int)
    tokens[:90, 0] = [0] * 75 + [1] * 15
    tokens[90:, 0] = 1
    read = o.cue_reader(labels, tokens, np.arange(100) % 5)
    r = read(tokens)
    assert set(r[tokens[:, 0] == 1]) == {1}
    assert set(r[tokens[:, 0] == 0]) == {0}


def test_follow_index():
    # u0: answers follow (0, 1), r (0, 1); u1: answers (0, 0), r (0, 1); own: 1, 1, 1, 0 -> .75; other: 0, 0, 0, 1 -> .25 -> .5/.75
    assert o.follow_index([[0, 1], [0, 0]], np.zeros((2, 2, 6)), [[0, 1], [0, 1]]) == pytest.approx(2 / 3)
    # three draws: answers 0 0 1, r 0 1 1; own 1, 0, 1 = 2/3; ordered pairs: a0 r1 no, a0 r2 no, a1 r0 yes, a1 r2 no, a2 r0 no, a2 r1 yes
    assert o.follow_index([[0, 0, 1]], None, [[0, 1, 1]]) == pytest.approx((2 / 3 - 1 / 3) / (2 / 3))
    # a constant answer: 0; always right everywhere: NaN; a full follower: 1; an INVALID answer is no hit
    assert o.follow_index([[1, 1, 1]], None, [[0, 1, 1]]) == pytest.approx(0)
    assert math.isnan(o.follow_index([[1, 1]], None, [[1, 1]]))
    assert o.follow_index([[0, 1], [2, 0]], None, [[0, 1], [2, 0]]) == pytest.approx(1)
    assert o.follow_index([[3, 3]], None, [[0, 1]]) == 0


def test_own_reader():
    rng = np.random.default_rng(7)
    n = 200
    tokens = random_tokens(n, 5, rng)
    speakers = np.arange(n) % 8
    answers = np.where(tokens[..., 0] >= 3, 2, np.where(tokens[..., 0] == 2, 1, 0))
    answers[speakers == 7] = 3  # INVALID throughout, does not change the others' fit of speaker 7
    read = o.own_reader(answers, tokens, speakers, 3)
    r = read(tokens)
    expected = np.where(tokens[..., 0] >= 3, 2, np.where(tokens[..., 0] == 2, 1, 0))
    assert (r == expected).all()
    assert o.follow_index(answers[speakers != 7], None, r[speakers != 7]) == pytest.approx(1)
    # no effects at all: the most frequent label
    constant = o.own_reader(np.tile([[0, 1, 1, 0, 1]], (n, 1)), np.zeros((n, 5, 6), dtype=int), speakers, 3)
    assert (constant(tokens) == 1).all()


def test_conflict_follow_rate():
    # trials: u0 s0 target 1 true 0, u0 s1 the same; u1 s0 target = true (left out); u1 s1 target 2
    conflict = np.array([[1, 0], [1, 2]])
    target = np.array([[1, 1], [1, 2]])
    shuffle = np.array([[1, 0], [1, 1]])
    true = np.array([0, 1])
    assert o.conflict_follow_rate(conflict, target, shuffle, true) == pytest.approx(2 / 3 - 1 / 3)
    # all draws: u0: .5, .5; u1: 0 of 2
    assert o.conflict_follow_rate(conflict, target, shuffle, true, all_draws=True) == pytest.approx(2 / 3 - 1 / 3)
    assert math.isnan(o.conflict_follow_rate([[0]], [[0]], [[0]], [0]))


# intervals ---------------------------------------------------------------------------------------------------------------------------


def test_jackknife_t_is_t_interval_for_a_mean():
    x = np.array([1.0, 2, 4, 7])
    out = [np.delete(x, i).mean() for i in range(4)]
    low, high = o.jackknife_t(x.mean(), out, [3, 3, 3, 3], 0.95)
    half = stats.t.ppf(0.975, 3) * x.std(ddof=1) / 2
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half))
    # unequal sizes: G_eff = (1 + 1 + 2)^2 / 6 = 8/3
    low, high = o.jackknife_t(0.0, [-1.0, 0.0, 1.0], [1, 1, 2], 0.9)
    assert high == pytest.approx(stats.t.ppf(0.95, 5 / 3) * math.sqrt(2 / 3 * 2))
    assert low == pytest.approx(-high)


def test_jackknife_t_scales():
    low, high = o.jackknife_t(0.5, [0.4, 0.5, 0.6], [1, 1, 1], 0.95, "logit")
    x = math.log(1.5)
    half = stats.t.ppf(0.975, 2) * math.sqrt(2 / 3 * 2 * x * x)
    assert math.log(high / (1 - high)) == pytest.approx(half)
    assert low == pytest.approx(1 - high)
    low, high = o.jackknife_t(2.0, [1.0, 2.0, 4.0], [1, 1, 1], 0.95, "log")
    assert low * high == pytest.approx(4)
    assert math.log(high / 2) == pytest.approx(stats.t.ppf(0.975, 2) * math.sqrt(4 / 3) * math.log(2))
    assert math.isnan(o.jackknife_t(0.0, [1.0, 2.0], [1, 1], 0.95, "log")[0])
    out = [0.4, 0.5, 0.6]
    assert o.jackknife_t(0.5, out, [1, 1, 1], 0.95, "share") == o.jackknife_t(0.5, out, [1, 1, 1], 0.95, "logit")
    assert o.jackknife_t(0.98, out, [1, 1, 1], 0.95, "share") == o.jackknife_t(0.98, out, [1, 1, 1], 0.95, "plain")
    assert o.jackknife_t(0.5, [0, 0.5, 0.6], [1, 1, 1], 0.95, "share") == o.jackknife_t(0.5, [0, 0.5, 0.6], [1, 1, 1])


# format, calibration, prior ----------------------------------------------------------------------------------------------------------


def test_uar():
    assert o.uar([0, 0, 1], [0, 1, 1], 2) == pytest.approx(0.75)
    assert o.uar([0, 0, 1], [[0, 1], [0, 2], [1, 1]], 2) == pytest.approx(0.75)
    assert o.uar([0, 0, 1], [0, 1, 1], 3) == pytest.approx(0.75)  # label 2 does not occur


def test_without_content():
    rng = np.random.default_rng(8)
    w = true_effects(3, rng) * 3
    tokens = random_tokens(50, 5, rng)
    tokens[:9, :, 1] = -1
    audio = rng.normal(size=(50, 1, 3))
    scores = additive_scores(w, tokens, audio)
    fitted = o.token_effects(scores, tokens, [0, 1, 2])
    np.testing.assert_array_equal(o.without_content(scores, tokens, fitted), audio[:, 0].argmax(axis=1))
    live = [0, 2]
    answers = o.without_content(scores, tokens, o.token_effects(scores, tokens, live), live)
    np.testing.assert_array_equal(answers, np.where(audio[:, 0, 2] > audio[:, 0, 0], 2, 0))
    with pytest.raises(ValueError, match="live"):
        o.without_content(scores, tokens, fitted, live)


def test_ece():
    # conf .9 right, .9 wrong, .6 right, 1.0 right: bins 14th (.9 in (.8667, .9333]), .6, 1
    scores = log_p([[[0.9, 0.1]], [[0.1, 0.9]], [[0.61, 0.39]], [[1 - 1e-16, 1e-16]]])
    assert o.expected_calibration_error(scores, [0, 0, 0, 0]) == pytest.approx(2 / 4 * 0.4 + 1 / 4 * 0.39)


def test_prior_shift():
    # two classes, 2 + 1 utterances; under a log-odds 2x higher for label 0
    a = log_p([[[0.8, 0.2]], [[0.8, 0.2]], [[0.5, 0.5]]])
    b = log_p([[[0.5, 0.5]], [[0.5, 0.5]], [[0.5, 0.5]]])
    expected = math.log(4) / 2 / 2  # class 0: log(4) / 2, class 1: 0; balanced mean
    np.testing.assert_allclose(o.prior_shift(a, b, [0, 0, 1]), [expected, -expected], atol=1e-12)


# verdict -----------------------------------------------------------------------------------------------------------------------------

MOVED = {
    "speakers": 10, "none_low": 0.5, "classes": 4, "moved_low": 0.1, "moved_high": 0.2, "m": 0.02, "m_f": 0.02,
    "within": {"correct": True, "shuffle": True, "conflict": True}, "shuffle_low": -0.01, "shuffle_high": 0.01,
    "phi": 0.05, "phi_low975": 0.03, "phi_high975": 0.07, "benefit": 0.02, "benefit_low975": 0.01, "benefit_high975": 0.03,
    "share_low": 0.2, "own_low": 0.1, "gain": 0.01, "gain_high": 0.02,
    "cost_conflict": -0.005, "cost_conflict_low": -0.01, "cost_conflict_high": 0.0,
    "cost_shuffle": -0.005, "cost_shuffle_low": -0.01, "cost_shuffle_high": 0.0,
}  # fmt: skip
STILL = MOVED | {"moved_low": 0.0, "moved_high": 0.01}
NOT_WITHIN = {"within": {"correct": True, "shuffle": False, "conflict": True}}
REVERSED = {"phi": -0.05, "phi_low975": -0.07, "phi_high975": -0.03, "benefit": 0.0, "benefit_low975": -0.01, "benefit_high975": 0.01}


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        (MOVED, {"speakers": 5}, "undecidable"),
        (STILL, {}, "ignores"),
        (STILL, {"none_low": 0.25}, "undecidable"),
        (STILL, NOT_WITHIN, "undecidable"),
        (STILL, NOT_WITHIN | {"shuffle_low": 0.01, "shuffle_high": 0.05}, "format prior only"),
        (STILL, NOT_WITHIN | {"shuffle_low": -0.05, "shuffle_high": -0.01}, "harmed by the cues"),
        (STILL, {"moved_high": 0.02}, "undecidable"),  # hi = m_F and lo <= m_F
        (MOVED, {"moved_low": 0.02}, "undecidable"),
        (MOVED, {}, "uses, anchored in the audio"),
        (MOVED, {"phi": 0.009, "benefit": 0.009}, "undecidable"),  # neither
        (MOVED, {"benefit": -0.02, "benefit_low975": -0.03, "benefit_high975": -0.01}, "undecidable"),  # both
        (MOVED, {"phi_low975": -0.01}, "uses, anchored in the audio"),  # by the benefit alone
        (MOVED, {"share_low": 0.81, "own_low": 0.51}, "follows"),
        (MOVED, {"share_low": 0.81, "own_low": 0.51, "none_low": 0.2}, "follows"),
        (MOVED, {"share_low": 0.81, "own_low": 0.5}, "uses, anchored in the audio"),
        (MOVED, REVERSED, "misreads"),
        (MOVED, REVERSED | {"share_low": 0.81, "own_low": 0.51, "none_low": 0.2}, "misreads"),
        (MOVED, {"none_low": 0.25}, "undecidable"),
        (MOVED, {"gain": -0.03, "gain_high": -0.01}, "harmed by the cues"),
        (MOVED, {"gain": -0.03, "gain_high": 0.01}, "uses, anchored in the audio"),
        (MOVED, {"cost_conflict": -0.04, "cost_conflict_low": -0.06, "cost_conflict_high": -0.02}, "uses, partly follows"),
        (MOVED, {"cost_shuffle": -0.04, "cost_shuffle_low": -0.06, "cost_shuffle_high": -0.02}, "uses, partly follows"),
        (MOVED, {"cost_shuffle": -0.015, "cost_shuffle_low": -0.03, "cost_shuffle_high": -0.005}, "undecidable"),
    ],
)
def test_verdict(base, changes, expected):
    assert o.verdict(base | changes) == expected
