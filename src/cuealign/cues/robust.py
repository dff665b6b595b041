"""Robust standardisation: median and interquartile range."""

import numpy as np

from cuealign.core.errors import InputError


def centre_and_range(values: np.ndarray, what: str) -> tuple[float, float]:
    """Median and interquartile range of the values that are not NaN.

    Args:
        values: shape ``(n,)``.
        what: the values, for messages.

    Raises:
        InputError: if there is no value, or if the interquartile range is 0.
    """
    values = values[~np.isnan(values)]
    if len(values) == 0:
        raise InputError(f"{what}: no utterance has a value; does the corpus contain voiced speech?")
    lower, centre, upper = np.quantile(values, (0.25, 0.5, 0.75))
    if not upper > lower:
        raise InputError(f"{what}: the interquartile range of {len(values)} utterances is 0; they are too few or too similar to bin")
    return float(centre), float(upper - lower)
