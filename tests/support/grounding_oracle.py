"""Oracle: plain, slow reference versions of the grounding estimators.

Written from the definitions in ``docs/reading-results.md`` alone, without sight of the project's implementation.

Shapes: N utterances, S draws (seeds), C labels, K = 6 concepts with L = 5 levels each.

* ``answers``: int ``(N, S)``, C stands for INVALID
* ``scores``: float ``(N, S, C)``, log-probabilities normalised over the labels
* ``tokens``: int ``(N, S, 6)``, levels 0..4, -1 for UNVOICED
* ``labels``, ``speakers``: int ``(N,)``
* ``live``: list of label indices
* ``w``: float ``(6, 5, len(live))``, the last axis in the order of ``live``
"""

import math

import numpy as np
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import LogisticRegression

CONCEPTS = ("ENERGY", "PITCH", "BRIGHTNESS", "DYNAMICS", "FORMANTS", "VOICE_QUALITY")
N_CONCEPTS = 6
N_LEVELS = 5


# 1. Reliance: answers ----------------------------------------------------------------------------------------------------------------


def answers_moved(answers):
    """F: probability that two different draws of an utterance have different answers."""
    answers = np.asarray(answers)
    n, draws = answers.shape
    if draws < 2:
        return float("nan")
    shares = []
    for u in range(n):
        differ = 0
        pairs = 0
        for s in range(draws):
            for t in range(s + 1, draws):
                pairs += 1
                if answers[u, s] != answers[u, t]:
                    differ += 1
        shares.append(differ / pairs)
    return float(np.mean(shares))


def within_and_between(f):
    """W and B of vectors ``f`` of shape ``(N, S, D)``.

    W = sum over u, s of |f_us - mean_s f_u|^2 / (N (S - 1)); B = variance over u (ddof 1) of the utterances' means, summed over D,
    minus W / S. B is not truncated at 0.
    """
    f = np.asarray(f, dtype=float)
    n, draws, _ = f.shape
    if n < 2 or draws < 2:
        return float("nan"), float("nan")
    means = np.zeros((n, f.shape[2]))
    total = 0.0
    for u in range(n):
        means[u] = sum(f[u, s] for s in range(draws)) / draws
        for s in range(draws):
            difference = f[u, s] - means[u]
            total += float(np.dot(difference, difference))
    w = total / (n * (draws - 1))
    grand = means.sum(axis=0) / n
    variance = 0.0
    for u in range(n):
        difference = means[u] - grand
        variance += float(np.dot(difference, difference)) / (n - 1)
    return w, variance - w / draws


def share(f):
    """W / (W + B), NaN where W + B is 0 (up to rounding)."""
    w, b = within_and_between(f)
    if w + b < 1e-20:
        return float("nan")
    return w / (w + b)


def share_answers(answers):
    """T: the share of one-hot answers' variation that lies within utterances; INVALID is a category like any other."""
    answers = np.asarray(answers)
    if np.unique(answers).size == 1:
        return float("nan")  # W = B = 0, whatever the rounding says
    n, draws = answers.shape
    one_hot = np.zeros((n, draws, answers.max() + 1))
    for u in range(n):
        for s in range(draws):
            one_hot[u, s, answers[u, s]] = 1.0
    return share(one_hot)


# 2. Reliance: log-odds ---------------------------------------------------------------------------------------------------------------


def live_labels(answers, C):  # noqa: N803
    """Labels that make up more than 1 % of these answers (INVALID counts in the denominator and is never live)."""
    answers = np.asarray(answers)
    live = []
    for y in range(C):
        if np.sum(answers == y) / answers.size > 0.01:
            live.append(y)
    return live


def log_odds(scores, live):
    """z: scores renormalised over the live labels (log-softmax), then centred over the live labels."""
    scores = np.asarray(scores, dtype=float)
    n, draws, _ = scores.shape
    live = list(live)
    z = np.zeros((n, draws, len(live)))
    for u in range(n):
        for s in range(draws):
            x = np.array([scores[u, s, y] for y in live])
            top = x.max()
            x = x - (top + math.log(np.sum(np.exp(x - top))))
            z[u, s] = x - x.mean()
    return z


def share_logodds(scores, live):
    """The same share of z; NaN with fewer than two live labels."""
    if len(live) < 2:
        return float("nan")
    return share(log_odds(scores, live))


# 3. Main effects ---------------------------------------------------------------------------------------------------------------------


def indicator_row(token_vector):
    """The 30 indicators of one trial's six tokens, concept by concept; an UNVOICED token turns none on."""
    row = np.zeros(N_CONCEPTS * N_LEVELS)
    for k in range(N_CONCEPTS):
        level = int(token_vector[k])
        if level >= 0:
            row[k * N_LEVELS + level] = 1.0
    return row


def indicators(tokens):
    """:func:`indicator_row` of every trial: ``(..., 6)`` to ``(..., 30)``."""
    tokens = np.asarray(tokens)
    rows = [indicator_row(vector) for vector in tokens.reshape(-1, N_CONCEPTS)]
    return np.array(rows).reshape((*tokens.shape[:-1], N_CONCEPTS * N_LEVELS))


def within_fit(values, tokens):
    """Least squares within utterances of ``values`` ``(N, S, D)`` on the token indicators; centred effects ``(6, 5, D)``.

    Both sides are demeaned within utterances, which is the same as a dummy per utterance. The indicators of a concept are collinear
    there, so the fit is the one of least norm (pinv). To keep statsmodels' pinv (relative tolerance 1e-15) from dividing by rounding
    errors, the null space is cut first by a singular value decomposition with tolerance 1e-10; the solution is the same.
    A level that no trial has gets 0 and is left out of the centring.
    """
    values = np.asarray(values, dtype=float)
    tokens = np.asarray(tokens)
    n, draws, dims = values.shape
    x = indicators(tokens)
    y = values.copy()
    for u in range(n):
        x[u] = x[u] - x[u].mean(axis=0)
        y[u] = y[u] - y[u].mean(axis=0)
    x = x.reshape(n * draws, -1)
    y = y.reshape(n * draws, dims)

    _, singular, vt = np.linalg.svd(x, full_matrices=False)
    keep = singular > 1e-10 * max(singular.max(), 1.0)
    w = np.zeros((N_CONCEPTS, N_LEVELS, dims))
    if not keep.any():
        return w
    basis = vt[keep].T
    for d in range(dims):
        fit = sm.OLS(y[:, d], x @ basis).fit(method="pinv")
        w[:, :, d] = (basis @ fit.params).reshape(N_CONCEPTS, N_LEVELS)
    return centred_over_levels(w, tokens)


def centred_over_levels(w, tokens):
    """For each concept, ``w`` less its mean over the levels that ``tokens`` has; 0 for the others."""
    centred = np.zeros_like(w)
    for k in range(N_CONCEPTS):
        drawn = [level for level in range(N_LEVELS) if np.any(tokens[..., k] == level)]
        if drawn:
            mean = sum(w[k, level] for level in drawn) / len(drawn)
            for level in drawn:
                centred[k, level] = w[k, level] - mean
    return centred


def within_fit_by_dummies(values, tokens):
    """:func:`within_fit` with an explicit dummy per utterance: a check for small N (slow)."""
    values = np.asarray(values, dtype=float)
    tokens = np.asarray(tokens)
    n, draws, dims = values.shape
    rows = []
    for u in range(n):
        for s in range(draws):
            dummy = np.zeros(n)
            dummy[u] = 1.0
            rows.append(np.concatenate([indicator_row(tokens[u, s]), dummy]))
    x = np.array(rows)
    flat = values.reshape(n * draws, dims)
    w = np.zeros((N_CONCEPTS, N_LEVELS, dims))
    for d in range(dims):
        params = np.linalg.lstsq(x, flat[:, d], rcond=1e-10)[0]
        w[:, :, d] = params[: N_CONCEPTS * N_LEVELS].reshape(N_CONCEPTS, N_LEVELS)
    return centred_over_levels(w, tokens)


def token_effects(scores, tokens, live):
    """w: effects of the tokens on z, shape ``(6, 5, len(live))``, mean 0 over the levels of each concept."""
    return within_fit(log_odds(scores, live), tokens)


def concept_powers(w):
    """Per concept, the sum over live labels of the mean over levels of w squared; shape ``(6,)``."""
    powers = np.zeros(N_CONCEPTS)
    for k in range(N_CONCEPTS):
        for y in range(w.shape[2]):
            powers[k] += sum(w[k, level, y] ** 2 for level in range(N_LEVELS)) / N_LEVELS
    return powers


def jackknife_corrected(theta_all, thetas_left_out):
    """G theta - (G - 1) mean of theta_(-g), element by element."""
    thetas_left_out = np.asarray(thetas_left_out, dtype=float)
    g = thetas_left_out.shape[0]
    return g * np.asarray(theta_all, dtype=float) - (g - 1) * thetas_left_out.mean(axis=0)


def corrected_powers(scores, tokens, speakers, live):
    """The concepts' powers less their jackknife bias, speakers left out one at a time."""
    scores, tokens, speakers = np.asarray(scores), np.asarray(tokens), np.asarray(speakers)
    whole = concept_powers(token_effects(scores, tokens, live))
    left_out = []
    for speaker in np.unique(speakers):
        others = speakers != speaker
        left_out.append(concept_powers(token_effects(scores[others], tokens[others], live)))
    return jackknife_corrected(whole, left_out)


def additive_shares(scores, tokens, speakers, live):
    """Corrected power of the main effects relative to W + B.

    Returns:
        ``additive`` (all six together, "share_logodds_additive") and one entry per concept, by its bare name ("share_<CONCEPT>").
        W and B are those of all utterances, not jackknifed.
    """
    w, b = within_and_between(log_odds(scores, live))
    powers = corrected_powers(scores, tokens, speakers, live)
    shares = {"additive": float(powers.sum() / (w + b))}
    for k, concept in enumerate(CONCEPTS):
        shares[concept] = float(powers[k] / (w + b))
    return shares


def additive_parts_of_within(scores, tokens, speakers, live):
    """As :func:`additive_shares`, relative to W alone: "cue/W = additive part"."""
    w, _ = within_and_between(log_odds(scores, live))
    powers = corrected_powers(scores, tokens, speakers, live)
    parts = {"additive": float(powers.sum() / w)}
    for k, concept in enumerate(CONCEPTS):
        parts[concept] = float(powers[k] / w)
    return parts


# 4. and 5. Information ---------------------------------------------------------------------------------------------------------------


def entropy_bits(p):
    """Entropy of a distribution in bits, 0 log 0 = 0."""
    total = 0.0
    for value in p:
        if value > 0:
            total -= value * math.log2(value)
    return total


def plug_in_information(scores):
    """I_S = H(mean_s p) - mean_s H(p) in bits, averaged over utterances."""
    scores = np.asarray(scores, dtype=float)
    n, draws, _ = scores.shape
    values = []
    for u in range(n):
        p = [np.exp(scores[u, s]) for s in range(draws)]
        mean = sum(p) / draws
        values.append(entropy_bits(mean) - sum(entropy_bits(q) for q in p) / draws)
    return float(np.mean(values))


def information_bits(scores):
    """S I_S - (S - 1) mean of I_(S-1) over the left-out draws; NaN for a single draw. May be below 0."""
    scores = np.asarray(scores, dtype=float)
    draws = scores.shape[1]
    if draws < 2:
        return float("nan")
    left_out = [plug_in_information(np.delete(scores, s, axis=1)) for s in range(draws)]
    return draws * plug_in_information(scores) - (draws - 1) * float(np.mean(left_out))


def js_bits(scores_a, scores_b):
    """Mean Jensen-Shannon divergence in bits of p_a and p_b of the same utterance and draw.

    A condition with one draw is set against every draw of the other.
    """
    scores_a, scores_b = np.asarray(scores_a, dtype=float), np.asarray(scores_b, dtype=float)
    n = scores_a.shape[0]
    draws = max(scores_a.shape[1], scores_b.shape[1])
    if scores_a.shape[1] not in (1, draws) or scores_b.shape[1] not in (1, draws):
        raise ValueError("draws do not match")
    values = []
    for u in range(n):
        for s in range(draws):
            p = np.exp(scores_a[u, s if scores_a.shape[1] > 1 else 0])
            q = np.exp(scores_b[u, s if scores_b.shape[1] > 1 else 0])
            middle = (p + q) / 2
            values.append(kl_bits(p, middle) / 2 + kl_bits(q, middle) / 2)
    return float(np.mean(values))


def kl_bits(p, q):
    """Kullback-Leibler divergence of p from q in bits."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        if a > 0:
            total += a * math.log2(a / b)
    return total


# 6. to 8. Following ------------------------------------------------------------------------------------------------------------------


def one_row_per_utterance(tokens):
    """The tokens ``(N, 6)`` of a condition that names the same tokens in all draws."""
    tokens = np.asarray(tokens)
    if tokens.ndim == 2:
        return tokens
    for s in range(tokens.shape[1]):
        if not np.array_equal(tokens[:, s], tokens[:, 0]):
            raise ValueError("tokens differ between draws")
    return tokens[:, 0]


def cue_reader(labels, tokens_correct, speakers):
    """r*: a balanced multinomial logit of the label on the six tokens, cross-fitted by speakers.

    Fitted on one row per utterance. All levels take part, rare ones too.

    Returns:
        A function of ``tokens`` ``(N, 6)`` or ``(N, S, 6)`` of the same N utterances; it gives r* as ``(N,)`` or ``(N, S)``, every
        utterance read by the fit without its speaker.
    """
    labels, speakers = np.asarray(labels), np.asarray(speakers)
    x = indicators(one_row_per_utterance(tokens_correct))
    fits = {}
    for speaker in np.unique(speakers):
        others = speakers != speaker
        classes = np.unique(labels[others])
        if len(classes) == 1:
            fits[speaker] = int(classes[0])
        else:
            fits[speaker] = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-8, max_iter=5000).fit(x[others], labels[others])

    def read(tokens):
        tokens = np.asarray(tokens)
        r = np.zeros(tokens.shape[:-1], dtype=int)
        for u in range(len(speakers)):
            fit = fits[speakers[u]]
            if isinstance(fit, int):
                r[u] = fit
            else:
                r[u] = fit.predict(indicators(tokens[u]).reshape(-1, N_CONCEPTS * N_LEVELS)).reshape(r[u].shape)
        return r

    return read


def follow_index(answers, tokens, r):
    """[P(a_us = r_us) - P(a_us = r_us')] / [1 - P(a_us = r_us')], s != s'; NaN where the denominator is 0.

    ``tokens`` is not needed beside ``r`` and only checked for its shape; it may be None.
    """
    answers, r = np.asarray(answers), np.asarray(r)
    if tokens is not None and np.asarray(tokens).shape[:2] != answers.shape:
        raise ValueError("tokens and answers do not match")
    n, draws = answers.shape
    own = []
    other = []
    for u in range(n):
        for s in range(draws):
            own.append(answers[u, s] == r[u, s])
            for t in range(draws):
                if t != s:
                    other.append(answers[u, s] == r[u, t])
    if not other:
        return float("nan")
    first, second = float(np.mean(own)), float(np.mean(other))
    if second == 1:
        return float("nan")
    return (first - second) / (1 - second)


def own_reader(answers, tokens, speakers, C):  # noqa: N803
    """r*: the additive least-squares fit of the model's own one-hot answers under corrupt(1), cross-fitted by speakers.

    The effects are fitted within utterances and centred over levels; the overall share of each label among the answers of the same
    (other) speakers is added; r is the label with the largest sum, the first one in a tie. INVALID is an all-zero row of the one-hot.

    Returns:
        A function of tokens, as :func:`cue_reader` does.
    """
    answers, tokens, speakers = np.asarray(answers), np.asarray(tokens), np.asarray(speakers)
    n, draws = answers.shape
    one_hot = np.zeros((n, draws, C))
    for u in range(n):
        for s in range(draws):
            if answers[u, s] < C:
                one_hot[u, s, answers[u, s]] = 1.0
    fits = {}
    for speaker in np.unique(speakers):
        others = speakers != speaker
        fits[speaker] = (one_hot[others].reshape(-1, C).mean(axis=0), within_fit(one_hot[others], tokens[others]))

    def value(speaker, token_vector):
        mean, w = fits[speaker]
        total = mean.copy()
        for k in range(N_CONCEPTS):
            if token_vector[k] >= 0:
                total = total + w[k, token_vector[k]]
        return total

    def read(other_tokens):
        other_tokens = np.asarray(other_tokens)
        r = np.zeros(other_tokens.shape[:-1], dtype=int)
        for u in range(len(speakers)):
            for index in np.ndindex(r.shape[1:]):
                r[(u, *index)] = int(np.argmax(value(speakers[u], other_tokens[(u, *index)])))
        return r

    return read


def conflict_follow_rate(answer_conflict, r_conflict, answers_shuffle, r_correct, all_draws=False):
    """P(a_conflict = r*(conflict tokens)) - P(a_shuffle = r*(conflict tokens)), where r*(conflict tokens) != r*(correct tokens).

    Args:
        answer_conflict: ``(N, S)``.
        r_conflict: r* of the conflict tokens, ``(N, S)`` or ``(N,)``.
        answers_shuffle: ``(N, S)``.
        r_correct: r* of the correct tokens, ``(N, S)`` or ``(N,)``.
        all_draws: whether a conflict trial meets all shuffle draws of its utterance, not only the one of its own seed. Same result
            where r_conflict does not vary over draws.
    """
    answer_conflict, answers_shuffle = np.asarray(answer_conflict), np.asarray(answers_shuffle)
    r_conflict, r_correct = np.asarray(r_conflict), np.asarray(r_correct)
    n, draws = answer_conflict.shape
    hits = []
    baseline = []
    for u in range(n):
        for s in range(draws):
            target = r_conflict[u] if r_conflict.ndim == 1 else r_conflict[u, s]
            true = r_correct[u] if r_correct.ndim == 1 else r_correct[u, s]
            if target == true:
                continue
            hits.append(float(answer_conflict[u, s] == target))
            if all_draws:
                baseline.append(float(np.mean(answers_shuffle[u] == target)))
            else:
                baseline.append(float(answers_shuffle[u, s] == target))
    if not hits:
        return float("nan")
    return float(np.mean(hits) - np.mean(baseline))


# 9. Intervals ------------------------------------------------------------------------------------------------------------------------


def jackknife_t(estimate, left_out, sizes, confidence=0.95, scale="plain"):
    """Two-sided t interval around ``estimate`` from leave-one-cluster-out estimates.

    se = sqrt((G - 1) / G * sum of (x - mean x)^2), degrees of freedom G_eff - 1 with G_eff = (sum n)^2 / sum n^2.

    Args:
        estimate: on all clusters.
        left_out: one estimate per left-out cluster.
        sizes: utterances per cluster.
        confidence: of the interval, such as .95.
        scale: ``plain``, ``logit`` or ``log``: estimate and left-out estimates are transformed, the bounds transformed back; NaN bounds
            where a value lies outside the transform's domain. ``share``: logit where .003 < estimate < .97 and all left-out
            estimates lie inside (0, 1), else plain.

    Returns:
        Low and high.
    """
    left_out = [float(x) for x in left_out]
    estimate = float(estimate)
    if scale == "share":
        inside = 0.003 < estimate < 0.97 and all(0 < x < 1 for x in left_out)
        scale = "logit" if inside else "plain"
    values = [estimate, *left_out]
    if scale == "logit":
        if not all(0 < x < 1 for x in values):
            return float("nan"), float("nan")
        values = [math.log(x / (1 - x)) for x in values]
    elif scale == "log":
        if not all(x > 0 for x in values):
            return float("nan"), float("nan")
        values = [math.log(x) for x in values]
    elif scale != "plain":
        raise ValueError(scale)

    centre, rest = values[0], values[1:]
    g = len(rest)
    mean = sum(rest) / g
    se = math.sqrt((g - 1) / g * sum((x - mean) ** 2 for x in rest))
    effective = sum(sizes) ** 2 / sum(size**2 for size in sizes)
    half = float(stats.t.ppf(0.5 + confidence / 2, effective - 1)) * se
    bounds = centre - half, centre + half
    if scale == "logit":
        return tuple(1 / (1 + math.exp(-x)) for x in bounds)
    if scale == "log":
        return tuple(math.exp(x) for x in bounds)
    return bounds


# 10. to 12. Format, calibration, prior -----------------------------------------------------------------------------------------------


def uar(labels, answers, C):  # noqa: N803
    """Mean over the labels that occur of their recall, pooled over draws; ``answers`` ``(N,)`` or ``(N, S)``; INVALID is wrong."""
    labels, answers = np.asarray(labels), np.asarray(answers)
    recalls = []
    for y in range(C):
        rows = answers[labels == y]
        if rows.size:
            recalls.append(np.sum(rows == y) / rows.size)
    return float(np.mean(recalls))


def without_content(scores, tokens, w, live=None):
    """Answers to the block without content: argmax over y of mean_s (z_us - X_us w), as label indices ``(N,)``.

    Args:
        scores: under corrupt(1).
        tokens: of the same trials; an UNVOICED one subtracts nothing.
        w: from :func:`token_effects`, for the labels in ``live``.
        live: labels that may be answered; None for all.
    """
    scores, tokens = np.asarray(scores, dtype=float), np.asarray(tokens)
    live = list(range(scores.shape[2])) if live is None else list(live)
    if w.shape[2] != len(live):
        raise ValueError("w does not match the live labels")
    z = log_odds(scores, live)
    n, draws, _ = z.shape
    answers = np.zeros(n, dtype=int)
    for u in range(n):
        total = np.zeros(len(live))
        for s in range(draws):
            total += z[u, s]
            for k in range(N_CONCEPTS):
                if tokens[u, s, k] >= 0:
                    total -= w[k, tokens[u, s, k]]
        answers[u] = live[int(np.argmax(total / draws))]
    return answers


def expected_calibration_error(scores, labels, bins=15):
    """Sum over equal-width bins (i/bins, (i+1)/bins] of the top probability of |accuracy - mean confidence|, weighted by trials."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels)
    n, draws, _ = scores.shape
    confidence = [[] for _ in range(bins)]
    correct = [[] for _ in range(bins)]
    for u in range(n):
        for s in range(draws):
            p = np.exp(scores[u, s])
            top = min(float(p.max()), 1.0)
            index = 0
            while top > (index + 1) / bins:
                index += 1
            confidence[index].append(top)
            correct[index].append(float(np.argmax(p) == labels[u]))
    error = 0.0
    for i in range(bins):
        if confidence[i]:
            error += len(confidence[i]) / (n * draws) * abs(np.mean(correct[i]) - np.mean(confidence[i]))
    return float(error)


def prior_shift(scores_a, scores_b, labels):
    """Class-balanced mean of z (centred over all labels) under a minus under b, shape ``(C,)``."""

    def balanced_mean(scores):
        z = np.asarray(scores, dtype=float)
        z = z - z.mean(axis=2, keepdims=True)
        of_classes = []
        for y in np.unique(labels):
            of_classes.append(z[np.asarray(labels) == y].reshape(-1, z.shape[2]).mean(axis=0))
        return np.mean(of_classes, axis=0)

    return balanced_mean(scores_a) - balanced_mean(scores_b)


# 13. Verdict -------------------------------------------------------------------------------------------------------------------------


def verdict(inputs):
    """The rule of ``verdict.md``, line by line."""
    i = inputs
    undecidable = "undecidable"
    if i["speakers"] < 6:
        return undecidable
    chance = i["none_low"] <= 1 / i["classes"]
    if i["moved_high"] < i["m_f"]:
        if chance:
            return undecidable
        if i["within"]["correct"] and i["within"]["shuffle"] and i["within"]["conflict"]:
            return "ignores"
        if i["shuffle_low"] > 0:
            return "format prior only"
        if i["shuffle_high"] < 0:
            return "harmed by the cues"
        return undecidable
    if i["moved_low"] <= i["m_f"]:
        return undecidable
    up = (i["phi"] > 0.01 and i["phi_low975"] > 0) or (i["benefit"] > 0.01 and i["benefit_low975"] > 0)
    down = (i["phi"] < -0.01 and i["phi_high975"] < 0) or (i["benefit"] < -0.01 and i["benefit_high975"] < 0)
    if up and down:
        return undecidable
    if not up and not down:
        return undecidable
    if i["share_low"] > 0.8 and i["own_low"] > 0.5:
        if up:
            return "follows"
        return "misreads"
    if down:
        return "misreads"
    if chance:
        return undecidable
    if i["gain"] < -i["m"] and i["gain_high"] < 0:
        return "harmed by the cues"
    if i["cost_conflict_low"] > -i["m"] and i["cost_shuffle_low"] > -i["m"]:
        return "uses, anchored in the audio"
    conflict_below = i["cost_conflict"] < -i["m"] and i["cost_conflict_high"] < 0
    shuffle_below = i["cost_shuffle"] < -i["m"] and i["cost_shuffle_high"] < 0
    if conflict_below or shuffle_below:
        return "uses, partly follows"
    return undecidable
