"""Numbers that are none are an error, with the utterance."""

import math
from collections.abc import Sequence

from cuealign.core.errors import ModelError


def check_finite(logprobs: Sequence[float], utterance: str) -> None:
    """Raise a ModelError if a label's log-probability is not a finite number."""
    if not all(map(math.isfinite, logprobs)):
        raise ModelError(f"utterance {utterance}: the model's scores are not finite numbers; check weights and dtype")
