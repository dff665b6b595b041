"""A model's manner of answering, learnt from a few answers before a sweep.

Many a model answers "Angry." or "The speaker sounds angry." where it was asked for the word alone. Answers in its manner
then hang beside the labels in the tree that every pass computes, and need no decoding. That changes no answer: a greedy
path that is none of the tree's is decoded on. The same few utterances of a split are tried whatever has been answered
before, so that a job that goes on after a kill, or one of several shards, works as a whole one does.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from cuealign.inference.decoding import at_most
from cuealign.inference.packed import PackedEngine
from cuealign.models.base import Frontend, Request, Response
from cuealign.prompts.labels import Label

logger = logging.getLogger(__name__)

_MANNERS = 2  # at the most: each adds tokens to every prompt
_TWICE = 2  # a manner is what comes back
_LONGEST = 12  # tokens; longer answers are decoded on


def learn_answer_formats(engine: PackedEngine, labels: Sequence[Label], requests: Sequence[Request]) -> None:
    """Ask a few prompts, and have the engine expect answers like the ones that they got."""
    longest = max(_LONGEST + 1, *(len(sequence) for sequence in engine.labels))
    with at_most(engine.model, longest):
        responses = [response for found in engine.respond(requests) for response in found]
    answers = expected_answers(responses, labels, engine.model.frontend)
    if answers:
        logger.info("answers expected besides the labels: %s", ", ".join(repr(engine.model.frontend.decode(answer)) for answer in answers))
    engine.expect(answers)


def expected_answers(responses: Iterable[Response], labels: Sequence[Label], frontend: Frontend) -> list[tuple[int, ...]]:
    """Answers that the model may be expected to give besides the label words.

    Args:
        responses: to a few prompts.
        labels: whose words occur in them.
        frontend: of the model.

    Returns:
        Token ids of an answer for each label in each manner, end of turn included.
    """
    words = {label.word.casefold() for label in labels}
    pattern = re.compile(r"(?<!\w)(" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")(?!\w)", re.IGNORECASE)
    seen: Counter[tuple[str, bool, str]] = Counter()
    for response in responses:
        named = list(pattern.finditer(response.answer))
        if response.path == "decoded" and response.answer_tokens <= _LONGEST and len(named) == 1:
            before, after = response.answer[: named[0].start()], response.answer[named[0].end() :]
            seen[before, named[0].group()[0].isupper(), after] += 1
    usual = [manner for manner, count in seen.most_common(_MANNERS) if count >= _TWICE]
    known = {tuple(frontend.answer_ids(label.word)) for label in labels}
    found = [
        tuple(frontend.answer_ids(before + (label.word[0].upper() + label.word[1:] if upper else label.word) + after))
        for before, upper, after in usual
        for label in labels
    ]
    return [answer for answer in dict.fromkeys(found) if answer not in known]
