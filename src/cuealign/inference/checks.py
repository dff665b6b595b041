"""Sanity checks: a few utterances are answered before a sweep, to find out whether the answers of the loaded model are reliable.

Each check finds a fault that has gone unnoticed in published evaluations: audio that never reached the model, answers that
depend on the rest of the batch, sampling instead of greedy decoding.
"""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from cuealign.core.errors import ModelError, listed
from cuealign.models.base import Request, Responder, Response

logger = logging.getLogger(__name__)

TOLERANCE = {"float32": 1e-3, "float16": 0.1, "bfloat16": 0.5}
"""Largest difference of a label's log-probability between two ways to compute it that rounding explains, by dtype."""

MIN_CHANGE = 1e-3
"""Smallest change of a label's log-probability, when silence replaces the audio, that shows that the model uses the audio."""

PROMPTS = 3
"""Prompts to try of each utterance."""


def check_responder(responder: Responder, requests: Sequence[Request], *, dtype: str) -> None:
    """Check a system without a language model: its scores depend on the audio, and not on the order of requests.

    Args:
        responder: as loaded.
        requests: a few utterances of the sweep.
        dtype: of the weights.

    Raises:
        ModelError: with every check that failed, the utterance and the values.
    """
    tried = [Request(request.utterance, request.audio, request.prompts[:PROMPTS]) for request in requests]
    answers = dict(zip((request.utterance for request in tried), responder.respond(tried), strict=True))
    loaded = [Request(request.utterance, request.load_audio(), request.prompts) for request in tried]
    unchanged = list(audio_is_used(responder, loaded, answers))
    # A system that answers in words may describe one sound as it describes silence, but not all of them.
    problems = [*(unchanged if len(unchanged) == len(tried) else []), *order_does_not_matter(responder, tried, answers, TOLERANCE[dtype])]
    raise_failed(problems)
    logger.info("sanity checks passed on %d utterances: audio, order", len(tried))


def raise_failed(problems: Sequence[str]) -> None:
    """Raise a ModelError that lists the problems, if there are any."""
    if problems:
        lines = listed(problems)
        failed = len({problem.partition(":")[0] for problem in problems})
        checks = f"{failed} sanity check{'s' if failed > 1 else ''}"
        raise ModelError(f"the model failed {checks}; its answers are unreliable:\n{lines}")


def audio_is_used(engine: Responder, requests: Sequence[Request], answers: dict[str, list[Response]]) -> Iterator[str]:
    """Replacing the audio by silence changes the scores."""
    silent = [Request(request.utterance, np.zeros_like(request.load_audio()), request.prompts) for request in requests]
    for request, responses in zip(requests, engine.respond(silent), strict=True):
        change = largest_difference(answers[request.utterance], responses)
        if change < MIN_CHANGE and np.abs(request.load_audio()).max() > 0:
            yield f"audio: silence instead of {request.utterance} changes no score by more than {change:.1e}; the model ignores its audio"


def order_does_not_matter(
    engine: Responder, requests: Sequence[Request], answers: dict[str, list[Response]], tolerance: float
) -> Iterator[str]:
    """The order of utterances and prompts does not change the scores."""
    reverse = [Request(request.utterance, request.audio, request.prompts[::-1]) for request in requests[::-1]]
    for request, responses in zip(reverse, engine.respond(reverse), strict=True):
        difference = largest_difference(answers[request.utterance], responses[::-1])
        if not difference <= tolerance:
            yield f"order: scores of {request.utterance} change by {difference:.2g} with the order of utterances and prompts"


def largest_difference(found: Sequence[Response], expected: Sequence[Response]) -> float:
    """Largest absolute difference of a label's log-probability."""
    pairs = zip(found, expected, strict=True)
    return float(max(np.abs(np.subtract(mine.label_logprobs, theirs.label_logprobs)).max() for mine, theirs in pairs))
