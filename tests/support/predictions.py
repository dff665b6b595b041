"""Predictions of a model under every condition, and their metrics, computed by the library and by brute force."""

import itertools
import math
from collections import Counter
from dataclasses import dataclass, fields
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from scipy import stats

from cuealign.config.entries.statistics import Statistics
from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.evaluation import INTERVALS, Evaluation
from cuealign.evaluation.resampling import speaker_weights
from tests.support.config import changed

# Neither the labels nor the speakers are in alphabetical order, and the speakers sort as text ("10" < "9").
LABELS = ("neutral", "anger", "joy", "fear")
SPEAKERS = ("9", "10", "b", "a", "03", "11", "c")
SESSIONS = {"9": "s1", "10": "s1", "b": "s2", "a": "s2", "03": "s3", "11": "s4", "c": "s5"}

# The same rational number, its terms summed in another order: a few ulp of a value of at most 1.
ROUNDING = 1e-12

quick = settings(max_examples=40, deadline=None)
moderate = settings(max_examples=10, deadline=None)
slow = settings(max_examples=6, deadline=None)

items = st.lists(
    st.tuples(st.sampled_from(SPEAKERS), st.sampled_from(LABELS), st.sampled_from((*LABELS, INVALID))),
    min_size=1,
    max_size=40,
)


def predictions_of(rows) -> pd.DataFrame:
    """A table of predictions from (speaker, label, prediction) triples."""
    rows = list(rows)
    return pd.DataFrame(
        {
            "utterance": [f"utterance-{number:04d}" for number in range(len(rows))],
            "speaker": [speaker for speaker, _, _ in rows],
            "label": [label for _, label, _ in rows],
            "answer": [f"I think {prediction}." for _, _, prediction in rows],
            "session": [SESSIONS.get(speaker, "") for speaker, _, _ in rows],
            "cut": False,
            "prediction": [prediction for _, _, prediction in rows],
        }
    )


def exact_uar(gold, predicted) -> Fraction:
    recalls = []
    for label in set(gold):
        answers = [answer for answer, truth in zip(predicted, gold, strict=True) if truth == label]
        recalls.append(Fraction(answers.count(label), len(answers)))
    return sum(recalls, Fraction(0)) / len(recalls)


def table_uar(frame: pd.DataFrame) -> Fraction:
    return exact_uar(list(frame["label"]), list(frame["prediction"]))


def linear_quantile(values, share: float) -> float:
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def interval_of(values, confidence: float) -> tuple[float, float]:
    values = [value for value in values if value is not None]
    return linear_quantile(values, (1 - confidence) / 2), linear_quantile(values, (1 + confidence) / 2)


def mcnemar_by_counting(correct_a, correct_b) -> float:
    only_a = sum(a and not b for a, b in zip(correct_a, correct_b, strict=True))
    only_b = sum(b and not a for a, b in zip(correct_a, correct_b, strict=True))
    discordant = only_a + only_b
    tail = sum(math.comb(discordant, k) for k in range(min(only_a, only_b) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**discordant)))


def holm_step_down(p_values) -> list[float]:
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        floor = max(floor, min(1.0, (len(p_values) - step) * p_values[index]))
        adjusted[index] = floor
    return adjusted


NONE, CORRECT, CONFLICT = ("none", "0", "0"), ("correct", "0", "0"), ("conflict", "0", "0")
SHUFFLES = tuple(("shuffle", "0", seed) for seed in ("0", "1", "3"))
STRENGTHS = ("0.2", "0.4", "1.0")
CORRUPTS = tuple(("corrupt", p, seed) for p in STRENGTHS for seed in ("0", "1", "2", "5"))
SKILLS = {NONE: 0.45, CORRECT: 0.7, CONFLICT: 0.3} | dict.fromkeys(SHUFFLES, 0.4) | {key: 0.7 - 0.4 * float(key[1]) for key in CORRUPTS}
STATISTICS = Statistics(resamples=100, confidence=0.9, seed=11)


@dataclass(frozen=True)
class Metrics:
    """All tables of metrics of one model on one split."""

    conditions: pd.DataFrame
    comparisons: pd.DataFrame
    trend: pd.DataFrame
    confusion: pd.DataFrame


def evaluate(predictions, labels=LABELS, **statistics) -> Metrics:
    """Metrics of the predictions under every condition, with :data:`STATISTICS` but for those given."""
    evaluation = Evaluation(predictions, labels, changed(STATISTICS, **statistics))
    names = [field.name for field in fields(Metrics)]
    return Metrics(**{name: ANALYSES.get(name)(evaluation, ANALYSES.options(name, {}, f"analyses.{name}")) for name in names})


def random_predictions(seed: int, keys=tuple(SKILLS), utterances: int = 90) -> dict[tuple[str, str, str], pd.DataFrame]:
    """Random answers, better or worse by condition; "fear" comes from two speakers, so resamples may lack it."""
    rng = np.random.default_rng(seed)
    speakers = [*SPEAKERS, *rng.choice(SPEAKERS, utterances - len(SPEAKERS))]
    gold = [LABELS[rng.integers(4 if speaker in ("b", "c") else 3)] for speaker in speakers]
    study = {}
    for key in keys:
        guesses = rng.choice([*LABELS, INVALID], utterances)
        known = rng.random(utterances) < SKILLS[key]
        study[key] = predictions_of(zip(speakers, gold, np.where(known, gold, guesses).tolist(), strict=True))
    return study


def group_of(key) -> tuple[str, str]:
    return key[:2]


def id_of(group: tuple[str, str]) -> str:
    """Id of a condition."""
    return f"corrupt({group[1]})" if group[0] == "corrupt" else group[0]


def jackknife_t(statistic, clusters: list[str], confidence: float) -> tuple[float, float, float]:
    """Interval and detectable difference, by leaving out the utterances of one cluster after the other.

    Args:
        statistic: function of the positions of utterances.
        clusters: of each utterance.
    """
    everything = list(range(len(clusters)))
    names = sorted(set(clusters))
    without = [statistic([i for i in everything if clusters[i] != name]) for name in names]
    centre = sum(without) / len(without)
    error = math.sqrt((len(names) - 1) / len(names) * sum((value - centre) ** 2 for value in without))
    sizes = [clusters.count(name) for name in names]
    degrees = sum(sizes) ** 2 / sum(size**2 for size in sizes) - 1
    half = stats.t.isf((1 - confidence) / 2, degrees) * error
    whole = statistic(everything)
    return whole - half, whole + half, (stats.t.isf((1 - confidence) / 2, degrees) + stats.t.isf(0.2, degrees)) * error


def swapped_p(by_speaker: list[tuple[Fraction, Fraction]]) -> float:
    """Share of all swaps of the two values of each speaker whose difference of sums is as large."""
    observed = abs(sum(a - b for a, b in by_speaker))
    swaps = list(itertools.product((False, True), repeat=len(by_speaker)))
    far = [
        abs(sum((b - a) if swap else (a - b) for swap, (a, b) in zip(swaps_of, by_speaker, strict=True))) >= observed for swaps_of in swaps
    ]
    return sum(far) / len(far)


def draws_of(study) -> list[list[int]]:
    """The positions of the utterances in each resample of the speakers."""
    speakers = list(next(iter(study.values()))["speaker"])
    names = sorted(set(speakers))
    weights = speaker_weights(len(names), STATISTICS.resamples, STATISTICS.seed)
    positions = [[i for i, speaker in enumerate(speakers) if speaker == name] for name in names]
    return [[i for block, count in zip(positions, row, strict=True) for i in block * int(count)] for row in weights]


def oracle(study) -> tuple[dict, dict]:
    """Conditions by (intervention, p, seed) and comparisons by (a, b), everything by brute force."""
    draws, confidence = draws_of(study), STATISTICS.confidence
    uar, resampled, correct, invalid = {}, {}, {}, {}
    first = next(iter(study.values()))
    speakers, sessions = list(first["speaker"]), list(first["session"])
    golds = list(first["label"])
    present, support = set(golds), Counter(golds)
    for key, frame in study.items():
        gold, predicted = list(frame["label"]), list(frame["prediction"])
        uar[key] = float(exact_uar(gold, predicted))
        # A resample without one of the classes has another statistic.
        resampled[key] = [
            float(exact_uar([gold[i] for i in draw], [predicted[i] for i in draw])) if {gold[i] for i in draw} == present else None
            for draw in draws
        ]
        correct[key] = [a == b for a, b in zip(gold, predicted, strict=True)]
        invalid[key] = predicted.count(INVALID) / len(predicted)
    groups = {}
    for key in study:
        groups.setdefault(group_of(key), []).append(key)

    def mean(values, group):
        return sum(values[key] for key in groups[group]) / len(groups[group])

    def mean_resampled(group):
        rows = zip(*(resampled[key] for key in groups[group]), strict=True)
        return [None if None in each else sum(each) / len(each) for each in rows]

    def mean_at(keys):
        """The mean UAR of some conditions as a function of the utterances."""
        said = [list(study[key]["prediction"]) for key in keys]
        return lambda positions: float(
            sum(exact_uar([golds[i] for i in positions], [answers[i] for i in positions]) for answers in said) / len(keys)
        )

    def t_intervals(statistic):
        return [end for clusters in (speakers, sessions) for end in jackknife_t(statistic, clusters, confidence)[:2]]

    conditions = {key: (uar[key], *interval_of(resampled[key], confidence), *t_intervals(mean_at([key])), invalid[key]) for key in study}
    for group in groups:
        if group[0] in ("shuffle", "corrupt"):
            ends = (*interval_of(mean_resampled(group), confidence), *t_intervals(mean_at(groups[group])))
            conditions[*group, "mean"] = (mean(uar, group), *ends, mean(invalid, group))

    def of_speaker(keys, name) -> Fraction:
        """What the right answers of a speaker add to the mean UAR of some conditions."""
        total = Fraction(0)
        for key in keys:
            frame = study[key]
            for speaker, label, prediction in zip(frame["speaker"], frame["label"], frame["prediction"], strict=True):
                if speaker == name and label == prediction:
                    total += Fraction(1, support[label] * len(present) * len(keys))
        return total

    perturbed = [group for group in groups if group[0] in ("shuffle", "conflict", "corrupt")]
    none, right = group_of(NONE), group_of(CORRECT)
    pairs = [(right, none), *((right, group) for group in perturbed), *((group, none) for group in perturbed)]
    comparisons = {}
    for a, b in pairs:
        deltas = [None if x is None else x - y for x, y in zip(mean_resampled(a), mean_resampled(b), strict=True)]
        p = max(mcnemar_by_counting(correct[i], correct[j]) for i in groups[a] for j in groups[b])

        def difference(positions, a=a, b=b):
            return mean_at(groups[a])(positions) - mean_at(groups[b])(positions)

        swapped = swapped_p([(of_speaker(groups[a], name), of_speaker(groups[b], name)) for name in sorted(set(speakers))])
        found = [mean(uar, a) - mean(uar, b), *interval_of(deltas, confidence), *t_intervals(difference), p]
        comparisons[id_of(a), id_of(b)] = [*found, swapped, jackknife_t(difference, speakers, confidence)[2]]
    return conditions, comparisons


def by_key(frame: pd.DataFrame, keys: list[str], values: list[str]) -> dict[tuple, list]:
    found = {tuple(row[key] for key in keys): [row[value] for value in values] for row in frame.to_dict("records")}
    assert len(found) == len(frame), "two rows of one key"
    return found


def condition_rows(metrics) -> dict:
    return by_key(metrics.conditions, ["intervention", "p", "seed"], ["uar", *INTERVALS, "invalid_rate"])


def comparison_rows(metrics) -> dict:
    return by_key(metrics.comparisons, ["a", "b"], ["delta", *INTERVALS, "mcnemar_p", "swap_p", "detectable"])


def assert_rows(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        # Exact p-values to nine digits; the library rounds UARs to twelve digits, of which a t interval multiplies a few.
        assert found[key] == pytest.approx(list(values), rel=1e-9, abs=1e-10, nan_ok=True), key


def assert_same_metrics(one, other) -> None:
    for name, keys in {"conditions": 3, "comparisons": 2, "trend": 1, "confusion": 4}.items():
        frames = []
        for metrics in (one, other):
            frame = getattr(metrics, name)
            frames.append(frame.sort_values(list(frame.columns[:keys])).reset_index(drop=True))
        pd.testing.assert_frame_equal(*frames, check_exact=True, obj=name)
