"""Checks for scores that are NaN or infinite."""

import math
from collections.abc import Sequence

from cuealign.core.errors import ModelError


def check_finite(logprobs: Sequence[float], utterance: str) -> None:
    """Raise a ModelError with the utterance if a label's log-probability is not a finite number."""
    if not all(map(math.isfinite, logprobs)):
        raise ModelError(f"utterance {utterance}: the model's scores are NaN or infinite; check weights and dtype")
