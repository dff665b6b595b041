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

    def __init__(self, descriptors, genders, *, gender_specific=(), signed_brightness=True, high=0.4, low=-0.4):
        self.gender_specific, self.signed, self.high, self.low = gender_specific, signed_brightness, high, low
        self.clearance = math.inf
        records = descriptors.to_dict("records")
        self.scale = {name: centre_and_spread([record[name] for record in records]) for name in DESCRIPTORS}
        self.pitch_scale = {}
        for group in set(genders) if "PITCH" in gender_specific else {None}:
            own = [record[F0] for record, gender in zip(records, genders, strict=True) if group in (None, gender)]
            self.pitch_scale[group] = centre_and_spread(own)
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
