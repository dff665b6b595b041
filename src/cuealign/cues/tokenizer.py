"""Turn descriptor means into six concept tokens per utterance, as in Table I of the paper.

A :class:`ConceptTokenizer` learns robust standardisation and quantile edges from a corpus (:meth:`~ConceptTokenizer.fit`)
and turns descriptor means into tokens (:meth:`~ConceptTokenizer.transform`). What the paper does not specify is an argument.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cuealign.config.entries.dataset import TokenOptions, VoiceQuality
from cuealign.core.errors import CuealignError, InputError
from cuealign.core.plain_files import ADVICE, read_json
from cuealign.core.vocabulary import (
    CONCEPTS,
    MEDIAN_F0,
    ORDINAL,
    PHONETIC,
    PLAIN,
    SPECTRAL_DESCRIPTORS,
    TOKENS,
    UNVOICED,
    VOICED,
    VOICED_CONCEPTS,
    VOICED_DESCRIPTORS,
)
from cuealign.cues.robust import centre_and_range
from cuealign.cues.voice_quality import MEASURES, rule_of

COMPONENTS: dict[str, dict[str, int]] = {
    "ENERGY": {"Loudness_sma3": 1},
    "PITCH": {"F0semitoneFrom27.5Hz_sma3nz": 1},
    "BRIGHTNESS": {"alphaRatio_sma3": 1, "hammarbergIndex_sma3": -1, "slope0-500_sma3": 1, "slope500-1500_sma3": 1},
    "DYNAMICS": {"spectralFlux_sma3": 1},
    "FORMANTS": {"F1frequency_sma3nz": 1, "F2frequency_sma3nz": 1, "F3frequency_sma3nz": 1},
    "VOICE_QUALITY": dict.fromkeys(MEASURES.values(), 1),
}
"""Descriptors of each concept, with the sign with which they enter its score.

Brighter speech has a higher alpha ratio (in openSMILE, the energy of 1 to 5 kHz over that of 50 Hz to 1 kHz, in dB) and higher
slopes, but a lower Hammarberg index (the peak below 2 kHz over the peak of 2 to 5 kHz). VOICE_QUALITY has no score of its own:
see :mod:`cuealign.cues.voice_quality`.
"""

QUANTILES = (0.2, 0.4, 0.6, 0.8)
"""Quantiles of the edges between the five bins."""

ALL_GENDERS = "all"
"""Name of the only group if edges are not gender-specific."""

_DEFAULTS = TokenOptions()
_F0 = "F0semitoneFrom27.5Hz_sma3nz"


class NotFittedError(CuealignError, ValueError):
    """A tokenizer is used before it is fitted."""


class ConceptTokenizer:
    """Turns descriptor means into concept tokens.

    Args:
        voiced_mean: if True, use means of voiced descriptors over voiced frames, like openSMILE's functionals; if False, over
            all frames.
        gender_specific: concepts whose edges (and, for PITCH, F0 statistics) are fitted per gender.
        signed_brightness: if True, the Hammarberg index enters BRIGHTNESS with a minus sign, so that VERY_BRIGHT means bright;
            if False, with a plus sign, which is the plain average of the paper's wording.
        f0: F0 of an utterance, ``mean`` or ``median`` over voiced frames.
        brightness_frames: frames of BRIGHTNESS, ``all`` or ``voiced``. An utterance without a voiced frame keeps all.
        voice_quality: rule of VOICE_QUALITY (:mod:`cuealign.cues.voice_quality`).

    Attributes:
        centre_, scale_: median and interquartile range of each descriptor.
        edges_: four edges per concept and group (``all``, or the genders).
        quality_: fitted rule of VOICE_QUALITY; it compares within the groups of PITCH.
    """

    def __init__(
        self,
        *,
        voiced_mean: bool = _DEFAULTS.voiced_mean,
        gender_specific: Sequence[str] = tuple(_DEFAULTS.gender_specific),
        signed_brightness: bool = _DEFAULTS.signed_brightness,
        f0: str = _DEFAULTS.f0,
        brightness_frames: str = _DEFAULTS.brightness_frames,
        voice_quality: VoiceQuality = _DEFAULTS.voice_quality,
    ) -> None:
        unknown = set(gender_specific) - {"PITCH", "FORMANTS"}
        if unknown:
            raise ValueError(f"gender-specific edges are defined for PITCH and FORMANTS, not for {sorted(unknown)}")
        self.voiced_mean = voiced_mean
        self.gender_specific = tuple(gender_specific)
        self.signed_brightness = signed_brightness
        self.f0 = f0
        self.brightness_frames = brightness_frames
        self.voice_quality = voice_quality

    def fit(self, descriptors: pd.DataFrame, genders: Sequence[str]) -> "ConceptTokenizer":
        """Learn standardisation and edges.

        Args:
            descriptors: table of kind :data:`cuealign.core.schema.DESCRIPTOR_MEANS`.
            genders: gender of each row; used only for gender-specific edges.

        Raises:
            InputError: if a descriptor does not vary, if there are too few voiced utterances, or if a gender is needed but
                unknown.
        """
        self._check_genders(descriptors, genders)
        names = sorted({name for components in COMPONENTS.values() for name in components})
        self.centre_, self.scale_ = {}, {}
        for name in names:
            self.centre_[name], self.scale_[name] = centre_and_range(self._means(descriptors, name), f"descriptor {self._column(name)}")

        scores, groups = self.scores(descriptors), np.asarray(genders)
        self.edges_: dict[str, dict[str, list[float]]] = {}
        for concept in ORDINAL:
            self.edges_[concept] = {}
            for group, rows in self._groups(concept, groups):
                values = scores[concept].to_numpy()[rows]
                values = values[~np.isnan(values)]
                if len(values) < len(TOKENS[concept]):
                    raise InputError(f"{concept}: only {len(values)} utterances with a score in group {group!r}; at least 5 are needed")
                self.edges_[concept][group] = [float(edge) for edge in np.quantile(values, QUANTILES)]
        self.quality_ = rule_of(self.voice_quality).fit(self._voice_quality(descriptors), self._groups("PITCH", groups))
        return self

    def _groups(self, concept: str, genders: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Groups with separate edges, each with a mask of its rows."""
        if concept not in self.gender_specific:
            return [(ALL_GENDERS, np.ones(len(genders), dtype=bool))]
        return [(gender, genders == gender) for gender in sorted(set(genders))]

    def _check_genders(self, descriptors: pd.DataFrame, genders: Sequence[str]) -> None:
        if not self.gender_specific:
            return
        unknown = descriptors["utterance"].to_numpy()[np.asarray(genders) == "unknown"]
        if len(unknown):
            raise InputError(
                f"gender-specific edges of {' and '.join(self.gender_specific)} need the gender of every utterance, but it is unknown "
                f"for {len(unknown)} (first: {unknown[0]}); add it to the manifest or set gender_specific: []"
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "centre_"):
            raise NotFittedError("this ConceptTokenizer is not fitted; call fit, or load a fitted one with from_dict")

    def standardise(self, descriptors: pd.DataFrame) -> pd.DataFrame:
        """Standardise descriptors, to median 0 and interquartile range 1 on the fitted corpus.

        Raises:
            NotFittedError: before :meth:`fit`.
        """
        self._check_fitted()
        return pd.DataFrame({name: (self._means(descriptors, name) - self.centre_[name]) / self.scale_[name] for name in self.centre_})

    def _means(self, descriptors: pd.DataFrame, name: str) -> np.ndarray:
        """Values of a descriptor as the options ask for it."""
        values = descriptors[self._column(name)]
        return (values.fillna(descriptors[name]) if name in SPECTRAL_DESCRIPTORS else values).to_numpy()

    def _column(self, name: str) -> str:
        """Column with the values of a descriptor that the options ask for."""
        if name in PHONETIC and self.voice_quality.first_harmonic == "phonetic":
            return PHONETIC[name]
        if name == _F0 and self.f0 == "median":
            return MEDIAN_F0
        if name in SPECTRAL_DESCRIPTORS and self.brightness_frames == "voiced":
            return VOICED + name
        return PLAIN + name if name in VOICED_DESCRIPTORS and not self.voiced_mean else name

    def scores(self, descriptors: pd.DataFrame) -> pd.DataFrame:
        """Score of each ordinal concept: the signed mean of its standardised descriptors.

        Returns:
            One column per ordinal concept; NaN for concepts that need voicing in utterances without any.
        """
        standardised = self.standardise(descriptors)
        scores = {}
        for concept in ORDINAL:
            components = COMPONENTS[concept]
            signs = {name: sign if self.signed_brightness else 1 for name, sign in components.items()}
            scores[concept] = sum(sign * standardised[name] for name, sign in signs.items()) / len(components)
        return pd.DataFrame(scores)

    def transform(self, descriptors: pd.DataFrame, genders: Sequence[str]) -> pd.DataFrame:
        """Compute the tokens of every utterance.

        Args:
            descriptors: table of kind :data:`cuealign.core.schema.DESCRIPTOR_MEANS`.
            genders: gender of each row.

        Returns:
            Columns ``utterance`` and the six concepts, one row per utterance, in the same order.

        Raises:
            InputError: if a gender is needed but unknown, or has no edges.
            NotFittedError: before :meth:`fit`.
        """
        self._check_genders(descriptors, genders)
        genders, scores = np.asarray(genders), self.scores(descriptors)
        voiced = descriptors[_F0].notna().to_numpy()
        tokens = {"utterance": descriptors["utterance"].to_numpy()}
        for concept in ORDINAL:
            column = np.empty(len(descriptors), dtype=object)
            for group, rows in self._groups(concept, genders):
                edges = self.edges_[concept].get(group)
                if edges is None:
                    raise InputError(f"{concept}: no edges for gender {group!r}; the tokenizer was fitted on a corpus without it")
                # An edge belongs to the bin above it: a bin is [edge, next edge).
                bins = np.searchsorted(edges, scores[concept].to_numpy()[rows], side="right")
                column[rows] = np.array(TOKENS[concept], dtype=object)[np.minimum(bins, len(edges))]
            if concept in VOICED_CONCEPTS:
                column[~voiced] = UNVOICED
            tokens[concept] = column
        tokens["VOICE_QUALITY"] = self.quality_.transform(self._voice_quality(descriptors), self._groups("PITCH", genders))
        tokens["VOICE_QUALITY"][~voiced] = UNVOICED
        return pd.DataFrame(tokens)[["utterance", *CONCEPTS]]

    def _voice_quality(self, descriptors: pd.DataFrame) -> pd.DataFrame:
        """Measures of the voice, standardised over the corpus."""
        z = self.standardise(descriptors)
        return pd.DataFrame({measure: z[name] for measure, name in MEASURES.items()})

    def to_dict(self) -> dict[str, Any]:
        """Arguments and learned values, as plain types.

        Raises:
            NotFittedError: before :meth:`fit`.
        """
        self._check_fitted()
        return {
            "voiced_mean": self.voiced_mean,
            "gender_specific": list(self.gender_specific),
            "signed_brightness": self.signed_brightness,
            "f0": self.f0,
            "brightness_frames": self.brightness_frames,
            "voice_quality": self.voice_quality.model_dump(),
            "centre": self.centre_,
            "scale": self.scale_,
            "edges": self.edges_,
            "quality": self.quality_.learned(),
        }

    @classmethod
    def read(cls, path: Path | str) -> "ConceptTokenizer":
        """Read a fitted tokenizer from a file that holds the result of :meth:`to_dict`.

        Raises:
            InputError: if the file holds something else.
        """
        values = read_json(path)
        try:
            tokenizer = cls.from_dict(values)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{path}: is no fitted tokenizer ({type(error).__name__}: {error}); {ADVICE}") from error
        if set(tokenizer.centre_) != set(tokenizer.scale_) or not tokenizer.centre_ or not all(tokenizer.edges_.values()):
            raise InputError(f"{path}: is no whole tokenizer; {ADVICE}")
        return tokenizer

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ConceptTokenizer":
        """Make a fitted tokenizer from the result of :meth:`to_dict`."""
        tokenizer = cls(
            voiced_mean=values["voiced_mean"],
            gender_specific=values["gender_specific"],
            signed_brightness=values["signed_brightness"],
            f0=values["f0"],
            brightness_frames=values["brightness_frames"],
            voice_quality=VoiceQuality(**values["voice_quality"]),
        )
        tokenizer.centre_, tokenizer.scale_ = dict(values["centre"]), dict(values["scale"])
        tokenizer.edges_ = {concept: dict(groups) for concept, groups in values["edges"].items()}
        tokenizer.quality_ = rule_of(tokenizer.voice_quality).restore(values["quality"])
        return tokenizer
