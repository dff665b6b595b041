"""Sanity checks: a few utterances are answered before a sweep, to find out whether the answers of the loaded model are reliable.

Each check finds a fault that has gone unnoticed in published evaluations: audio that never reached the model, answers that
depend on the rest of the batch, sampling instead of greedy decoding.
"""

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from cuealign.core.errors import ModelError
from cuealign.inference.decoding import at_most
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.base import CausalModel, Request, Responder, Response
from cuealign.prompts.labels import Label

logger = logging.getLogger(__name__)

TOLERANCE = {"float32": 1e-3, "float16": 0.1, "bfloat16": 0.5}
"""Largest difference of a label's log-probability between two ways to compute it that rounding explains, by dtype."""

MIN_CHANGE = 1e-3
"""Smallest change of a label's log-probability, when silence replaces the audio, that shows that the model uses the audio."""

PROMPTS = 3
"""Prompts to try of each utterance."""

TOKENS = 16
"""Tokens to decode of each answer, or as many as the longest label has: reasoning may take a thousand."""


def check_language_model(
    model: CausalModel, engine: Responder, labels: Sequence[Label], requests: Sequence[Request], *, dtype: str
) -> None:
    """Check an audio language model and its engine.

    Args:
        model: as loaded.
        engine: that will answer the sweep.
        labels: in the order of the log-probabilities.
        requests: a few utterances of the sweep.
        dtype: of the weights.

    Raises:
        ModelError: with every check that failed, the utterance and the values.
    """
    tried = [Request(request.utterance, request.load_audio(), request.prompts[:PROMPTS]) for request in requests]
    with at_most(model, max(TOKENS, *(len(model.frontend.answer_ids(label.word)) for label in labels))):
        answers = dict(zip((request.utterance for request in tried), engine.respond(tried), strict=True))
        problems = [
            *_placeholders(model, tried),
            *_audio_is_used(engine, tried, answers),
            *_one_at_a_time(model, labels, tried, answers, TOLERANCE[dtype]),
            *_order(engine, tried, answers, TOLERANCE[dtype]),
        ]
    _raise(problems)
    logger.info("sanity checks passed on %d utterances: placeholders, audio, one prompt at a time, order", len(tried))


def check_label_words(model: CausalModel, labels: Sequence[Label], parse: Callable[[str], str]) -> None:
    """Check that an answer which consists of a label's word is read as that label.

    Args:
        model: whose tokenizer writes and reads the answer.
        labels: with their words.
        parse: reads the label that an answer names.

    Raises:
        ModelError: lists the labels whose answers would never count.
    """
    problems = []
    for label in labels:
        _, said = model.frontend.read(model.frontend.answer_ids(label.word))
        if (found := parse(said)) != label.name:
            problems.append(f"{label.name}: its word {label.word!r} comes back from the tokenizer as {said!r}, which is read as {found}")
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ModelError(f"answers with some labels' own words would not count; give them other words in `answers`:\n{lines}")


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
    unchanged = list(_audio_is_used(responder, loaded, answers))
    # A system that answers in words may describe one sound as it describes silence, but not all of them.
    problems = [*(unchanged if len(unchanged) == len(tried) else []), *_order(responder, tried, answers, TOLERANCE[dtype])]
    _raise(problems)
    logger.info("sanity checks passed on %d utterances: audio, order", len(tried))


def _raise(problems: Sequence[str]) -> None:
    """Raise a ModelError that lists the problems, if there are any."""
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        failed = len({problem.partition(":")[0] for problem in problems})
        checks = f"{failed} sanity check{'s' if failed > 1 else ''}"
        raise ModelError(f"the model failed {checks}; its answers are unreliable:\n{lines}")


def _placeholders(model: CausalModel, requests: Sequence[Request]) -> Iterator[str]:
    """Every prompt has one placeholder per audio token, and at least one."""
    frontend = model.frontend
    for request in requests:
        audio = frontend.prepare(request.load_audio())
        for prompt in request.prompts:
            found = frontend.tokenise(prompt, audio.tokens).count(frontend.audio_token)
            if found != audio.tokens or found == 0:
                yield f"placeholders: {request.utterance} has {audio.tokens} audio tokens, its prompt {found} placeholders"
                break


def _audio_is_used(engine: Responder, requests: Sequence[Request], answers: dict[str, list[Response]]) -> Iterator[str]:
    """Replacing the audio by silence changes the scores."""
    silent = [Request(request.utterance, np.zeros_like(request.load_audio()), request.prompts) for request in requests]
    for request, responses in zip(requests, engine.respond(silent), strict=True):
        change = _difference(answers[request.utterance], responses)
        if change < MIN_CHANGE and np.abs(request.load_audio()).max() > 0:
            yield f"audio: silence instead of {request.utterance} changes no score by more than {change:.1e}; the model ignores its audio"


def _one_at_a_time(
    model: CausalModel, labels: Sequence[Label], requests: Sequence[Request], answers: dict[str, list[Response]], tolerance: float
) -> Iterator[str]:
    """The engine agrees with greedy decoding by the family's own code, one prompt at a time.

    If two labels are about equally probable, rounding may decide between them. It may also decide at some token of a free
    answer, and the rest then differs: of free answers, most must begin with the same word.
    """
    free = different = 0
    for request, expected in zip(requests, ReferenceEngine(model, labels).respond(requests), strict=True):
        found = answers[request.utterance]
        difference = _difference(found, expected)
        if not difference <= tolerance:
            yield f"one prompt at a time: scores of {request.utterance} differ by {difference:.2g}, more than {tolerance:g}"
        for mine, theirs in zip(found, expected, strict=True):
            margin = np.ptp(np.sort(theirs.label_logprobs)[-2:])
            if mine.path == "decoded":
                free, different = free + 1, different + (_first_word(mine) != _first_word(theirs))
            elif mine.answer != theirs.answer and margin > 2 * tolerance:
                yield f"one prompt at a time: the answer to {request.utterance} is {theirs.answer!r}, but the engine gives {mine.answer!r}"
                break
    if 2 * different > free:
        yield f"one prompt at a time: {different} of {free} free answers begin with another word than those of the engine"


def _order(engine: Responder, requests: Sequence[Request], answers: dict[str, list[Response]], tolerance: float) -> Iterator[str]:
    """The order of utterances and prompts does not change the scores."""
    reverse = [Request(request.utterance, request.audio, request.prompts[::-1]) for request in requests[::-1]]
    for request, responses in zip(reverse, engine.respond(reverse), strict=True):
        difference = _difference(answers[request.utterance], responses[::-1])
        if not difference <= tolerance:
            yield f"order: scores of {request.utterance} change by {difference:.2g} with the order of utterances and prompts"


def _first_word(response: Response) -> list[str]:
    """The first word of reasoning and answer, as a list of one word; an empty list if both are empty."""
    return f"{response.reasoning} {response.answer}".split()[:1]


def _difference(found: Sequence[Response], expected: Sequence[Response]) -> float:
    """Largest absolute difference of a label's log-probability."""
    pairs = zip(found, expected, strict=True)
    return float(max(np.abs(np.subtract(mine.label_logprobs, theirs.label_logprobs)).max() for mine, theirs in pairs))
