"""VOICE_QUALITY: two rules that turn measures of the voice into one of MODAL, BREATHY, PRESSED, ROUGH and CREAKY.

The paper names the token and its descriptors, but no rule. Both rules are ours. No corpus of running speech with labels of voice
quality was at hand, so neither is validated as a measure of it: they say how an utterance differs from its corpus.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from cuealign.config.entries.dataset import VoiceQuality
from cuealign.cues.robust import centre_and_range

MEASURES: dict[str, str] = {
    "jitter": "jitterLocal_sma3nz",
    "shimmer": "shimmerLocaldB_sma3nz",
    "hnr": "HNRdBACF_sma3nz",
    "h1_h2": "logRelF0-H1-H2_sma3nz",
    "h1_a3": "logRelF0-H1-A3_sma3nz",
    "f0": "F0semitoneFrom27.5Hz_sma3nz",
}
"""Descriptors of the measures that both rules take."""

Groups = Sequence[tuple[str, np.ndarray]]
"""Groups of utterances that are compared within, each with a mask of its rows."""

_NORMAL = 1.349  # interquartile range of a normal distribution, in standard deviations


class ScoreRule:
    """The largest of three scores, each a sum of standardised measures.

    z is the distance from the group's median in standard deviations (the interquartile range over 1.349). With breath, the voice
    has a strong first harmonic, a steep spectrum and noise; pressed, a weak first harmonic and a flat spectrum; rough, irregular
    periods and noise::

        BREATHY = z(H1-H2) + z(H1-A3) - z(HNR)
        PRESSED = -z(H1-H2) - z(H1-A3)
        ROUGH   = z(jitter) + z(shimmer) - z(HNR)

    Each score is standardised in the same way. The largest one names the token if it reaches :data:`REACHED`, else the voice is
    MODAL; ROUGH with an F0 of :data:`LOW_F0` or lower is CREAKY. An utterance without a measure does not get the scores that need it.

    Attributes:
        measures_: median and interquartile range by group and measure.
        scores_: the same by group and score.
    """

    REACHED = 1.0
    LOW_F0 = -0.67  # the lower quartile of a normal distribution
    SIGNS: ClassVar[dict[str, dict[str, int]]] = {
        "BREATHY": {"h1_h2": 1, "h1_a3": 1, "hnr": -1},
        "PRESSED": {"h1_h2": -1, "h1_a3": -1},
        "ROUGH": {"jitter": 1, "shimmer": 1, "hnr": -1},
    }

    def fit(self, measures: pd.DataFrame, groups: Groups) -> "ScoreRule":
        """Learn the standardisation of measures and scores.

        Args:
            measures: columns :data:`MEASURES`, NaN where an utterance has none.
            groups: see :data:`Groups`.

        Raises:
            InputError: if a measure or score does not vary in a group.
        """
        self.measures_, self.scores_ = {}, {}
        for group, rows in groups:
            own = measures[rows]
            self.measures_[group] = {name: centre_and_range(own[name].to_numpy(), f"{MEASURES[name]}, group {group}") for name in MEASURES}
            sums = self._sums(own, group)
            self.scores_[group] = {name: centre_and_range(sums[name].to_numpy(), f"score {name}, group {group}") for name in self.SIGNS}
        return self

    def _z(self, measures: pd.DataFrame, group: str, name: str) -> pd.Series:
        centre, spread = self.measures_[group][name]
        return (measures[name] - centre) * _NORMAL / spread

    def _sums(self, measures: pd.DataFrame, group: str) -> pd.DataFrame:
        return pd.DataFrame(
            {score: sum(sign * self._z(measures, group, name) for name, sign in signs.items()) for score, signs in self.SIGNS.items()}
        )

    def transform(self, measures: pd.DataFrame, groups: Groups) -> np.ndarray:
        """Tokens of some utterances, shape ``(n,)``."""
        tokens = np.full(len(measures), "MODAL", dtype=object)
        for group, rows in groups:
            own = measures[rows]
            sums = self._sums(own, group)
            scores = np.column_stack(
                [(sums[name] - centre) * _NORMAL / spread for name, (centre, spread) in self.scores_[group].items()]
            ).astype(float)
            scores[np.isnan(scores)] = -np.inf
            best = np.array(list(self.SIGNS), dtype=object)[scores.argmax(axis=1)]
            best[(best == "ROUGH") & (self._z(own, group, "f0") <= self.LOW_F0).to_numpy()] = "CREAKY"
            tokens[rows] = np.where(scores.max(axis=1) >= self.REACHED, best, "MODAL")
        return tokens

    def learned(self) -> dict[str, Any]:
        """Learned values, as plain types."""
        return {"measures": self.measures_, "scores": self.scores_}

    def restore(self, values: Mapping[str, Any]) -> "ScoreRule":
        """Take over the values of :meth:`learned`."""
        self.measures_, self.scores_ = (
            {group: {name: tuple(pair) for name, pair in pairs.items()} for group, pairs in values[kind].items()}
            for kind in ("measures", "scores")
        )
        return self


class ThresholdRule:
    """The first of four conditions that holds, in the order CREAKY, ROUGH, BREATHY, PRESSED; else MODAL. The rule of version 0.1.

    CREAKY is low F0 and high jitter; ROUGH high jitter and shimmer and low HNR; BREATHY high H1-H2 and H1-A3 and low HNR; PRESSED
    low H1-H2 and H1-A3. On speech, breath lowers openSMILE's H1-A3, so that hardly any utterance is BREATHY.

    Args:
        high, low: a measure is high at or above ``high`` and low at or below ``low``, in interquartile ranges from the median of
            the corpus; F0 from that of the group.

    Attributes:
        f0_: median and interquartile range of F0 by group.
    """

    def __init__(self, high: float, low: float) -> None:
        self.high, self.low = high, low

    def fit(self, measures: pd.DataFrame, groups: Groups) -> "ThresholdRule":
        """Learn the distribution of F0; arguments as of :meth:`ScoreRule.fit`, standardised over the corpus."""
        self.f0_ = {group: centre_and_range(measures["f0"].to_numpy()[rows], f"{MEASURES['f0']}, group {group}") for group, rows in groups}
        return self

    def transform(self, measures: pd.DataFrame, groups: Groups) -> np.ndarray:
        """Tokens of some utterances, shape ``(n,)``."""
        f0 = measures["f0"].to_numpy(copy=True)
        for group, rows in groups:
            centre, spread = self.f0_[group]
            f0[rows] = (f0[rows] - centre) / spread
        high, low = measures >= self.high, measures <= self.low
        rules = {
            "CREAKY": (f0 <= self.low) & high["jitter"],
            "ROUGH": high["jitter"] & high["shimmer"] & low["hnr"],
            "BREATHY": high["h1_h2"] & high["h1_a3"] & low["hnr"],
            "PRESSED": low["h1_h2"] & low["h1_a3"],
        }
        return np.select([np.asarray(rule) for rule in rules.values()], list(rules), default="MODAL").astype(object)

    def learned(self) -> dict[str, Any]:
        """Learned values, as plain types."""
        return {"f0": self.f0_}

    def restore(self, values: Mapping[str, Any]) -> "ThresholdRule":
        """Take over the values of :meth:`learned`."""
        self.f0_ = {group: tuple(pair) for group, pair in values["f0"].items()}
        return self


def rule_of(options: VoiceQuality) -> ScoreRule | ThresholdRule:
    """The rule that the options ask for, not fitted."""
    return ScoreRule() if options.rule == "scores" else ThresholdRule(options.high, options.low)
