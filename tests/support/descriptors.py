"""Tables of descriptor means with known properties, and the tokens made of them."""

import numpy as np
import pandas as pd

from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, MEDIAN_F0, PHONETIC, SPECTRAL_DESCRIPTORS, VOICED, VOICED_DESCRIPTORS
from cuealign.cues.tokenizer import ConceptTokenizer

LOUDNESS = "Loudness_sma3"
F0 = "F0semitoneFrom27.5Hz_sma3nz"
FLUX = "spectralFlux_sma3"
FORMANTS = ("F1frequency_sma3nz", "F2frequency_sma3nz", "F3frequency_sma3nz")
ALPHA, HAMMARBERG, SLOPE_LOW, SLOPE_HIGH = "alphaRatio_sma3", "hammarbergIndex_sma3", "slope0-500_sma3", "slope500-1500_sma3"
JITTER, SHIMMER, HNR = "jitterLocal_sma3nz", "shimmerLocaldB_sma3nz", "HNRdBACF_sma3nz"
H1_H2, H1_A3 = "logRelF0-H1-H2_sma3nz", "logRelF0-H1-A3_sma3nz"
OF_VOICED_FRAMES = (*(VOICED + name for name in SPECTRAL_DESCRIPTORS), MEDIAN_F0, *PHONETIC.values())
ALL = (*DESCRIPTORS, *OF_VOICED_FRAMES)
QUALITY = (F0, JITTER, SHIMMER, HNR, H1_H2, H1_A3)

# Descriptors of each ordinal concept, with the sign by which each enters.
SIGNS = {
    "ENERGY": {LOUDNESS: 1},
    "PITCH": {F0: 1},
    "BRIGHTNESS": {ALPHA: 1, HAMMARBERG: -1, SLOPE_LOW: 1, SLOPE_HIGH: 1},
    "DYNAMICS": {FLUX: 1},
    "FORMANTS": dict.fromkeys(FORMANTS, 1),
}
USES = {**{concept: set(signs) for concept, signs in SIGNS.items()}, "VOICE_QUALITY": {F0, JITTER, SHIMMER, HNR, *PHONETIC.values()}}
GROUPINGS = ((), ("PITCH",), ("FORMANTS",), ("PITCH", "FORMANTS"))

# Rounding moves a score by some 1e-15; after the affine changes of the tests, by up to 1e-11 (a shift of 1000 against a spread of 0.01
# costs five digits of sixteen). Scores are of order one, so 1e-9 is beyond either and far below the spacing of the scores.
CLEARANCE = 1e-9

# Evaluation splits of a manifest whose split column is a or b.
SPLITS = {"train": ["a"], "test": ["b"], "whole": ["a", "b"]}


def random_descriptors(seed: int, n: int = 203, unvoiced: float = 0.1) -> tuple[pd.DataFrame, list[str]]:
    """Random descriptors of unlike scales and skews, some rows without voicing, and genders that shift pitch and formants.

    Corpora whose seeds differ by a multiple of 1000 are other utterances of the same kind: they share scales and skews.
    Where a group has 5 k + 1 scores its edges are scores themselves; genders and silent rows are drawn again until none has.
    """
    rng = np.random.default_rng(seed)
    kind = np.random.default_rng(seed % 1000)
    for _ in range(100):  # no draw succeeds where n itself is 5 k + 1 and all are voiced; callers that do this do not need it
        female, silent = rng.random(n) < 0.45, rng.random(n) < unvoiced
        groups = (~silent, female, ~female, female & ~silent, ~female & ~silent)
        if all(group.sum() % 5 != 1 for group in groups):
            break
    genders = ["female" if flag else "male" for flag in female]
    columns: dict[str, object] = {"utterance": [f"u{index:04d}" for index in range(n)]}
    for name in ALL:
        values = rng.normal(size=n) if kind.random() < 0.5 else rng.gumbel(size=n)
        columns[name] = kind.uniform(-50, 50) + kind.uniform(0.1, 200) * values
    table = pd.DataFrame(columns)
    for name in (F0, MEDIAN_F0, *FORMANTS):
        table.loc[female, name] += 1.3 * table[name].std()
    table.loc[silent, [*VOICED_DESCRIPTORS, *OF_VOICED_FRAMES]] = np.nan
    table["voiced_fraction"] = np.where(silent, 0.0, rng.uniform(0.05, 1.0, size=n))
    return table, genders


def unit_corpus() -> tuple[pd.DataFrame, list[str]]:
    """Descriptors with median 0 and interquartile range 1, exactly: multiples of 1/64 from -1 to 1, each column in its own order.

    Hence z is x, without rounding, and a threshold can be met to the last bit.
    """
    rng = np.random.default_rng(0)
    grid = np.arange(-64, 65) / 64
    table = pd.DataFrame({"utterance": [f"u{index:03d}" for index in range(len(grid))]} | {name: rng.permutation(grid) for name in ALL})
    table["voiced_fraction"] = 0.5
    return table, ["female", "male"] * 64 + ["female"]


def descriptor_rows(*changes: dict[str, float]) -> pd.DataFrame:
    """One utterance for each mapping: the descriptors it names, and 0 elsewhere."""
    table = pd.DataFrame([dict.fromkeys(ALL, 0.0) | change for change in changes])
    table.insert(0, "utterance", [f"x{index:04d}" for index in range(len(changes))])
    table["voiced_fraction"] = 0.5
    return table


def tokens_of(tokenizer: ConceptTokenizer, descriptors: pd.DataFrame, genders) -> dict[str, tuple[str, ...]]:
    """Token sequence of each utterance."""
    table = tokenizer.transform(descriptors, genders)
    assert list(table.columns) == ["utterance", *CONCEPTS]
    return {row[0]: tuple(row[1:]) for row in table.itertuples(index=False, name=None)}
