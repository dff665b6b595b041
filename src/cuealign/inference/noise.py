"""The noise floor: how far answers and scores move if the same prompts are asked in packs of another size and order.

On a GPU in bfloat16, sums are rounded, and how depends on what else is in the pack. A difference between two conditions means
nothing below this floor.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from cuealign.inference.packed import PackedEngine
from cuealign.models.base import Request, Responder

PROMPTS = {"cuda": 200, "cpu": 8, "mps": 50}
"""Prompts to ask twice, by device; on a CPU, sums do not depend on the pack."""

_SHRINK = 3  # a budget that is no multiple or half of another one leads to other packs


@dataclass(frozen=True)
class NoiseFloor:
    """What asking again changed.

    Attributes:
        prompts: asked twice.
        answers_unstable: share of answers that differ.
        score_noise: largest difference of a label's log-probability.
    """

    prompts: int
    answers_unstable: float
    score_noise: float


def noise_floor(engine: Responder, requests: Sequence[Request], most: int) -> NoiseFloor:
    """Ask some prompts twice.

    Args:
        engine: that answers the sweep.
        requests: from which the first ``most`` prompts are taken.
        most: prompts to ask.
    """
    chosen = list(_first(requests, most))
    once = [response for responses in engine.respond(chosen) for response in responses]
    reverse = [Request(request.utterance, request.audio, request.prompts[::-1]) for request in chosen[::-1]]
    with _other_packs(engine):
        again = [response for responses in engine.respond(reverse) for response in responses][::-1]
    moved = [np.abs(np.subtract(one.label_logprobs, two.label_logprobs)).max() for one, two in zip(once, again, strict=True)]
    different = [(one.answer, one.reasoning) != (two.answer, two.reasoning) for one, two in zip(once, again, strict=True)]
    return NoiseFloor(len(once), float(np.mean(different)), float(max(moved)))


def _first(requests: Sequence[Request], most: int) -> Iterator[Request]:
    for request in requests:
        if most <= 0:
            return
        yield Request(request.utterance, request.load_audio(), request.prompts[:most])
        most -= len(request.prompts)


@contextmanager
def _other_packs(engine: Responder) -> Iterator[None]:
    """In the block, a packed engine has a third of its budget."""
    if not isinstance(engine, PackedEngine):
        yield
        return
    budget = engine.budget
    engine.budget = max(1, budget // _SHRINK)
    try:
        yield
    finally:
        engine.budget = budget
