"""The rules of the concept tokens in plain Python, one utterance and one number at a time."""

import functools
import math
import statistics

import pandas as pd

from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, ORDINAL, TOKENS, VOICED_CONCEPTS
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import (
    CLEARANCE,
    F0,
    GROUPINGS,
    H1_A3,
    H1_H2,
    HNR,
    JITTER,
    QUALITY,
    SHIMMER,
    SIGNS,
    random_descriptors,
    tokens_of,
)


def quantile(values: list[float], q: float) -> float:
    """Linear quantile: position q (n - 1) in the sorted values."""
    values = sorted(values)
    position = q * (len(values) - 1)
    below = math.floor(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (position - below) * (values[above] - values[below])


def centre_and_spread(values: list[float]) -> tuple[float, float]:
    kept = [value for value in values if not math.isnan(value)]
    return statistics.median(kept), quantile(kept, 0.75) - quantile(kept, 0.25)


class Oracle:
    """The rules, one utterance and one number at a time."""

    def __init__(self, descriptors, genders, *, gender_specific=(), signed_brightness=True, rule="scores", high=0.4, low=-0.4):
        self.rule, self.quality_scale = rule, {}
        self.gender_specific, self.signed, self.high, self.low = gender_specific, signed_brightness, high, low
        self.clearance = math.inf
        records = descriptors.to_dict("records")
        self.scale = {name: centre_and_spread([record[name] for record in records]) for name in DESCRIPTORS}
        self.pitch_scale = {}
        for group in set(genders) if "PITCH" in gender_specific else {None}:
            own = [record[F0] for record, gender in zip(records, genders, strict=True) if group in (None, gender)]
            self.pitch_scale[group] = centre_and_spread(own)
        for group in self.pitch_scale:
            own = [record for record, gender in zip(records, genders, strict=True) if group in (None, gender)]
            scale = {name: centre_and_spread([record[column] for record in own]) for name, column in PHONETIC_QUALITY.items()}
            sums = [quality_sums(record, scale) for record in own]
            self.quality_scale[group] = scale, {name: centre_and_spread([values[name] for values in sums]) for name in sums[0]}
        self.edges = {}
        for concept in ORDINAL:
            for group in set(genders) if concept in gender_specific else {None}:
                scores = [self.score(record, concept) for record, gender in zip(records, genders, strict=True) if group in (None, gender)]
                scores = [score for score in scores if not math.isnan(score)]
                self.edges[concept, group] = [quantile(scores, q) for q in (0.2, 0.4, 0.6, 0.8)]

    def z(self, record, name):
        centre, spread = self.scale[name]
        return (record[name] - centre) / spread

    def score(self, record, concept):
        total = 0.0
        for name, sign in SIGNS[concept].items():
            total += (sign if self.signed else 1) * self.z(record, name)
        return total / len(SIGNS[concept])

    def level(self, record, gender, concept):
        score = self.score(record, concept)
        edges = self.edges[concept, gender if concept in self.gender_specific else None]
        self.clearance = min(self.clearance, *(abs(score - edge) for edge in edges))
        reached = 0
        for edge in edges:
            if score >= edge:
                reached += 1
        return TOKENS[concept][reached]

    def quality(self, record, gender):
        if self.rule == "scores":
            scale, spreads = self.quality_scale[gender if "PITCH" in self.gender_specific else None]
            scores = {name: NORMAL * (value - spreads[name][0]) / spreads[name][1] for name, value in quality_sums(record, scale).items()}
            low = NORMAL * (record[F0] - scale["f0"][0]) / scale["f0"][1]
            best, second = sorted(scores.values(), reverse=True)[:2]
            self.clearance = min(self.clearance, abs(best - 1), best - second, abs(low + 0.67))
            return quality_by_scores(scores, low)
        centre, spread = self.pitch_scale[gender if "PITCH" in self.gender_specific else None]
        values = {name: self.z(record, name) for name in QUALITY} | {F0: (record[F0] - centre) / spread}
        self.clearance = min(self.clearance, *(min(abs(z - self.high), abs(z - self.low)) for z in values.values()))
        return quality_by_rule(values, self.high, self.low)

    def tokens(self, descriptors, genders) -> dict[str, tuple[str, ...]]:
        result = {}
        for record, gender in zip(descriptors.to_dict("records"), genders, strict=True):
            voiced = not math.isnan(record[F0])
            row = []
            for concept in CONCEPTS:
                if concept in VOICED_CONCEPTS and not voiced:
                    row.append("UNVOICED")
                elif concept == "VOICE_QUALITY":
                    row.append(self.quality(record, gender))
                else:
                    row.append(self.level(record, gender, concept))
            result[record["utterance"]] = tuple(row)
        return result


NORMAL = 1.349  # the interquartile range of a normal distribution, in standard deviations
PHONETIC_QUALITY = {
    "jitter": JITTER,
    "shimmer": SHIMMER,
    "hnr": HNR,
    "h1_h2": "phonetic_H1-H2",
    "h1_a3": "phonetic_H1-A3",
    "f0": F0,
}


def quality_sums(record, scale) -> dict[str, float]:
    """The three sums of standardised measures."""
    z = {name: NORMAL * (record[column] - scale[name][0]) / scale[name][1] for name, column in PHONETIC_QUALITY.items()}
    return {
        "BREATHY": z["h1_h2"] + z["h1_a3"] - z["hnr"],
        "PRESSED": -z["h1_h2"] - z["h1_a3"],
        "ROUGH": z["jitter"] + z["shimmer"] - z["hnr"],
    }


def quality_by_scores(scores: dict[str, float], low: float) -> str:
    """The largest score, if it stands out."""
    best = max(scores, key=scores.get)
    if scores[best] < 1:
        return "MODAL"
    return "CREAKY" if best == "ROUGH" and low <= -0.67 else best


def quality_by_rule(z: dict[str, float], high: float = 0.4, low: float = -0.4) -> str:
    """The first rule that holds."""
    if z[F0] <= low and z[JITTER] >= high:
        return "CREAKY"
    if z[JITTER] >= high and z[SHIMMER] >= high and z[HNR] <= low:
        return "ROUGH"
    if z[H1_H2] >= high and z[H1_A3] >= high and z[HNR] <= low:
        return "BREATHY"
    if z[H1_H2] <= low and z[H1_A3] <= low:
        return "PRESSED"
    return "MODAL"


@functools.cache
def fitted_case() -> tuple[pd.DataFrame, list[str], dict]:
    """Descriptors, genders and the tokens under each choice of gender-specific concepts; no score is near an edge."""
    descriptors, genders = random_descriptors(13)
    expected = {}
    for gender_specific in GROUPINGS:
        oracle = Oracle(descriptors, genders, gender_specific=gender_specific)
        oracle.tokens(descriptors, genders)
        assert oracle.clearance > CLEARANCE
        tokenizer = ConceptTokenizer(gender_specific=gender_specific).fit(descriptors, genders)
        expected[gender_specific] = tokens_of(tokenizer, descriptors, genders)
    return descriptors, genders, expected
