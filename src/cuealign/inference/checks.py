"""Gates: what must hold before an hour of GPU time is spent, tried on a few utterances with the model that is loaded.

Each stands for a failure that has gone unnoticed in published evaluations: audio that never reached the model, answers that
depend on what else is in the batch, sampling where greedy answers were meant.
"""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from cuealign.core.errors import ModelError
from cuealign.inference.decoding import at_most
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.base import CausalModel, Request, Responder, Response
from cuealign.prompts.labels import Label

logger = logging.getLogger(__name__)

TOLERANCE = {"float32": 1e-3, "float16": 0.1, "bfloat16": 0.5}
"""Largest difference of a label's log-probability between two ways to compute it, by dtype: rounding, and no more."""

HEARD = 1e-3
"""Smallest change of a log-probability, somewhere, by which a model shows that it hears the difference to silence."""

PROMPTS = 3
"""Prompts of each utterance that are tried."""

TOKENS = 16
"""Tokens of each answer that are tried, or as many as the longest label has: reasoning may run to a thousand."""


def check_language_model(
    model: CausalModel, engine: Responder, labels: Sequence[Label], requests: Sequence[Request], *, dtype: str
) -> None:
    """Pass all gates or raise.

    Args:
        model: as loaded.
        engine: that will do the sweep.
        labels: in the order of the responses.
        requests: of a few utterances.
        dtype: of the weights.

    Raises:
        ModelError: naming every gate that failed, the utterance and what was found.
    """
    tried = [Request(request.utterance, request.load_audio(), request.prompts[:PROMPTS]) for request in requests]
    with at_most(model, max(TOKENS, *(len(model.frontend.answer_ids(label.word)) for label in labels))):
        answers = dict(zip((request.utterance for request in tried), engine.respond(tried), strict=True))
        problems = [
            *_placeholders(model, tried),
            *_heard(engine, tried, answers),
            *_one_at_a_time(model, labels, tried, answers, TOLERANCE[dtype]),
            *_order(engine, tried, answers, TOLERANCE[dtype]),
        ]
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ModelError(f"the model fails {len(problems)} of its gates, so that no answer of it can be trusted:\n{lines}")
    logger.info("gates passed on %d utterances: audio heard, placeholders, one prompt at a time, order", len(tried))


def check_responder(responder: Responder, requests: Sequence[Request], *, dtype: str) -> None:
    """The gates for a system without a language model: it hears the audio, and order does not matter.

    Args:
        responder: as loaded.
        requests: of a few utterances.
        dtype: of the weights.

    Raises:
        ModelError: naming what failed.
    """
    tried = [Request(request.utterance, request.audio, request.prompts[:PROMPTS]) for request in requests]
    answers = dict(zip((request.utterance for request in tried), responder.respond(tried), strict=True))
    deaf = list(_heard(responder, [Request(request.utterance, request.load_audio(), request.prompts) for request in tried], answers))
    # One that answers in words may find the same ones for a sound and for silence; but not for all of them.
    problems = [*(deaf if len(deaf) == len(tried) else []), *_order(responder, tried, answers, TOLERANCE[dtype])]
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ModelError(f"the model fails {len(problems)} of its gates, so that no answer of it can be trusted:\n{lines}")
    logger.info("gates passed on %d utterances: audio heard, order", len(tried))


def _placeholders(model: CausalModel, requests: Sequence[Request]) -> Iterator[str]:
    """Every prompt holds as many placeholders as there are audio tokens, and there are some."""
    frontend = model.frontend
    for request in requests:
        audio = frontend.prepare(request.load_audio())
        for prompt in request.prompts:
            found = frontend.tokenise(prompt, audio.tokens).count(frontend.audio_token)
            if found != audio.tokens or found == 0:
                yield f"placeholders: {request.utterance} has {audio.tokens} audio tokens, its prompt {found} placeholders"
                break


def _heard(engine: Responder, requests: Sequence[Request], answers: dict[str, list[Response]]) -> Iterator[str]:
    """Silence in the place of the sound changes the scores."""
    silent = [Request(request.utterance, np.zeros_like(request.load_audio()), request.prompts) for request in requests]
    for request, responses in zip(requests, engine.respond(silent), strict=True):
        change = _difference(answers[request.utterance], responses)
        if change < HEARD and np.abs(request.load_audio()).max() > 0:
            yield f"audio: silence instead of {request.utterance} changes no score by more than {change:.1e}; the model ignores its audio"


def _one_at_a_time(
    model: CausalModel, labels: Sequence[Label], requests: Sequence[Request], answers: dict[str, list[Response]], tolerance: float
) -> Iterator[str]:
    """The engine agrees with the family's own code, asked greedily, one prompt at a time.

    Where two labels are nearly as probable, rounding may decide. So it may once in a longer answer in words of the model's own,
    after which the two go different ways: such answers must begin alike, most of them.
    """
    free = strayed = 0
    for request, expected in zip(requests, ReferenceEngine(model, labels).respond(requests), strict=True):
        found = answers[request.utterance]
        difference = _difference(found, expected)
        if not difference <= tolerance:
            yield f"one prompt at a time: scores of {request.utterance} differ by {difference:.2g}, more than {tolerance:g}"
        for mine, theirs in zip(found, expected, strict=True):
            margin = np.ptp(np.sort(theirs.label_logprobs)[-2:])
            if mine.path == "decoded":
                free, strayed = free + 1, strayed + (_beginning(mine) != _beginning(theirs))
            elif mine.answer != theirs.answer and margin > 2 * tolerance:
                yield f"one prompt at a time: {request.utterance} is answered {theirs.answer!r}, and {mine.answer!r} by the engine"
                break
    if 2 * strayed > free:
        yield f"one prompt at a time: {strayed} of {free} answers that name no label alone begin in another way by the engine"


def _order(engine: Responder, requests: Sequence[Request], answers: dict[str, list[Response]], tolerance: float) -> Iterator[str]:
    """What else is asked, and in which order, changes nothing."""
    turned = [Request(request.utterance, request.audio, request.prompts[::-1]) for request in requests[::-1]]
    for request, responses in zip(turned, engine.respond(turned), strict=True):
        difference = _difference(answers[request.utterance], responses[::-1])
        if not difference <= tolerance:
            yield f"order: scores of {request.utterance} change by {difference:.2g} with the order of utterances and prompts"


def _beginning(response: Response) -> list[str]:
    """First word of what was said."""
    return f"{response.reasoning} {response.answer}".split()[:1]


def _difference(found: Sequence[Response], expected: Sequence[Response]) -> float:
    pairs = zip(found, expected, strict=True)
    return float(max(np.abs(np.subtract(mine.label_logprobs, theirs.label_logprobs)).max() for mine, theirs in pairs))
