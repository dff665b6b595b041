"""The noise floor: how far answers and scores move if the same prompts are asked in packs of another size and order.

On a GPU in bfloat16, sums are rounded, and how depends on what else is in the pack. A difference between two conditions means
nothing below this floor.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from cuealign.core.plain_files import NUMBER, read_json, write_whole
from cuealign.inference.packed import PackedEngine
from cuealign.models.base import Request, Responder

logger = logging.getLogger(__name__)

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


def known_noise_floor(
    engine: Responder, requests: Callable[[], Sequence[Request]], *, device: str, store: Path, settings: str
) -> dict[str, float]:
    """The noise floor of an engine, measured once for the same weights, settings and kind of device.

    Args:
        engine: that answers the sweep.
        requests: gives requests to ask again.
        device: kind of the device, such as ``cuda``.
        store: folder in which it is kept.
        settings: what responses depend on besides audio, prompt and weights.

    Returns:
        ``noise_prompts``, ``answers_unstable`` and ``score_noise``, as in :class:`NoiseFloor`.
    """
    key = hashlib.sha256(f"{engine.fingerprint}\x1f{settings}\x1f{device}".encode()).hexdigest()[:32]
    file = store / f"noise-{key}.json"
    if not file.is_file():
        floor = noise_floor(engine, requests(), PROMPTS[device])
        logger.info(
            "noise floor: of %d answers asked again, %.1f %% differ; scores move by up to %.2g",
            floor.prompts,
            100 * floor.answers_unstable,
            floor.score_noise,
        )
        write_whole(json.dumps(asdict(floor)) + "\n", file)
    known = read_json(file, dict.fromkeys(("prompts", "answers_unstable", "score_noise"), NUMBER))
    return {"noise_prompts": known["prompts"], "answers_unstable": known["answers_unstable"], "score_noise": known["score_noise"]}


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
