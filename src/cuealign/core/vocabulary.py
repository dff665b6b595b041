"""Concepts, their tokens and descriptors: the vocabulary that all parts share. Imports nothing."""

_LEVELS = ("VERY_LOW", "LOW", "MID", "HIGH", "VERY_HIGH")

TOKENS: dict[str, tuple[str, ...]] = {
    "ENERGY": _LEVELS,
    "PITCH": _LEVELS,
    "BRIGHTNESS": ("VERY_DARK", "DARK", "MID", "BRIGHT", "VERY_BRIGHT"),
    "DYNAMICS": ("VERY_STATIC", "STATIC", "MID", "DYNAMIC", "VERY_DYNAMIC"),
    "FORMANTS": _LEVELS,
    "VOICE_QUALITY": ("MODAL", "BREATHY", "PRESSED", "ROUGH", "CREAKY"),
}
"""Tokens of each concept, from low to high; those of VOICE_QUALITY have no order."""

CONCEPTS: tuple[str, ...] = tuple(TOKENS)
ORDINAL: tuple[str, ...] = tuple(concept for concept in CONCEPTS if concept != "VOICE_QUALITY")

UNVOICED = "UNVOICED"
"""Token of the :data:`VOICED_CONCEPTS` if no frame is voiced. It states a fact about the signal and is never drawn at random."""
VOICED_CONCEPTS: tuple[str, ...] = ("PITCH", "FORMANTS", "VOICE_QUALITY")

_MEANT = {
    part
    for token in (*CONCEPTS, UNVOICED, *(token for tokens in TOKENS.values() for token in tokens))
    for part in (token.casefold(), *token.casefold().split("_"))
}


def is_blank_word(word: str) -> bool:
    """Whether a word may stand where a token stands and say nothing: letters only, and no token, concept or part of one, in any case."""
    return word.isalpha() and word.casefold() not in _MEANT


INVALID = "INVALID"
"""Prediction from an answer that names no label or several."""

GENDERS: tuple[str, ...] = ("female", "male", "unknown")

DESCRIPTORS: tuple[str, ...] = (
    "Loudness_sma3",
    "alphaRatio_sma3",
    "hammarbergIndex_sma3",
    "slope0-500_sma3",
    "slope500-1500_sma3",
    "spectralFlux_sma3",
    "mfcc1_sma3",
    "mfcc2_sma3",
    "mfcc3_sma3",
    "mfcc4_sma3",
    "F0semitoneFrom27.5Hz_sma3nz",
    "jitterLocal_sma3nz",
    "shimmerLocaldB_sma3nz",
    "HNRdBACF_sma3nz",
    "logRelF0-H1-H2_sma3nz",
    "logRelF0-H1-A3_sma3nz",
    "F1frequency_sma3nz",
    "F1bandwidth_sma3nz",
    "F1amplitudeLogRelF0_sma3nz",
    "F2frequency_sma3nz",
    "F2bandwidth_sma3nz",
    "F2amplitudeLogRelF0_sma3nz",
    "F3frequency_sma3nz",
    "F3bandwidth_sma3nz",
    "F3amplitudeLogRelF0_sma3nz",
)
"""The 25 low-level descriptors of eGeMAPSv02, as openSMILE names them."""

VOICED_DESCRIPTORS: tuple[str, ...] = tuple(name for name in DESCRIPTORS if name.endswith("nz"))
"""Descriptors that are defined on voiced frames only."""

PLAIN = "plain_"
"""Prefix of the columns that hold the mean of :data:`VOICED_DESCRIPTORS` over all frames; without it, over voiced frames."""

SPECTRAL_DESCRIPTORS: tuple[str, ...] = ("alphaRatio_sma3", "hammarbergIndex_sma3", "slope0-500_sma3", "slope500-1500_sma3")
"""Descriptors of the slope of the spectrum, which have a mean over voiced frames as well."""

VOICED = "voiced_"
"""Prefix of the columns that hold the mean of :data:`SPECTRAL_DESCRIPTORS` over voiced frames."""

MEDIAN_F0 = "median_F0semitoneFrom27.5Hz_sma3nz"
"""Column of the median of F0 over voiced frames."""

PHONETIC: dict[str, str] = {"logRelF0-H1-H2_sma3nz": "phonetic_H1-H2", "logRelF0-H1-A3_sma3nz": "phonetic_H1-A3"}
"""Columns of the two harmonic differences with the first harmonic of phonetics, by openSMILE's descriptor of the same name."""
