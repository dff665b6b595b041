"""Sanity checks of audio language models, besides those of every system in :mod:`cuealign.inference.checks`."""

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from cuealign.core.errors import ModelError, listed
from cuealign.inference.checks import PROMPTS, TOLERANCE, audio_is_used, largest_difference, order_does_not_matter, raise_failed
from cuealign.inference.decoding import at_most
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.base import CausalModel, Request, Responder, Response
from cuealign.prompts.labels import Label

logger = logging.getLogger(__name__)

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
            *audio_is_used(engine, tried, answers),
            *_one_at_a_time(model, labels, tried, answers, TOLERANCE[dtype]),
            *order_does_not_matter(engine, tried, answers, TOLERANCE[dtype]),
        ]
    raise_failed(problems)
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
        lines = listed(problems)
        raise ModelError(f"answers with some labels' own words would not count; give them other words in `answers`:\n{lines}")


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
        difference = largest_difference(found, expected)
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


def _first_word(response: Response) -> list[str]:
    """The first word of reasoning and answer, as a list of one word; an empty list if both are empty."""
    return f"{response.reasoning} {response.answer}".split()[:1]
