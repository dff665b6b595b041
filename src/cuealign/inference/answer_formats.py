"""How a model words its answers, learnt from a few of them before a sweep.

Many models word their answers in their own way: "Angry." or "The speaker sounds angry." instead of the word alone. Such
answers are added to the tree of label answers that every pass computes, and then need no decoding. This changes no answer:
a greedy path that leaves the tree is decoded. The same few utterances of a split are tried in every job, also in a resumed
one and in each of several shards, so that all jobs use the same tree.
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

_MAX_FORMATS = 2  # each adds tokens to every prompt
_MIN_COUNT = 2  # answers in a format
_MAX_TOKENS = 12  # of an answer; longer ones are decoded


def learn_answer_formats(engine: PackedEngine, labels: Sequence[Label], requests: Sequence[Request]) -> None:
    """Answer a few prompts, and have the engine expect the formats of these answers from then on."""
    longest = max(_MAX_TOKENS + 1, *(len(sequence) for sequence in engine.labels))
    with at_most(engine.model, longest):
        responses = [response for found in engine.respond(requests) for response in found]
    answers = expected_answers(responses, labels, engine.model.frontend)
    if answers:
        logger.info("answers expected besides the labels: %s", ", ".join(repr(engine.model.frontend.decode(answer)) for answer in answers))
    engine.expect(answers)


def expected_answers(responses: Iterable[Response], labels: Sequence[Label], frontend: Frontend) -> list[tuple[int, ...]]:
    """Answers to expect besides the label words: each label in each format that occurs more than once.

    Args:
        responses: to a few prompts.
        labels: whose words are searched for in the answers.
        frontend: of the model.

    Returns:
        Token ids of each expected answer, end of turn included.
    """
    words = {label.word.casefold() for label in labels}
    pattern = re.compile(r"(?<!\w)(" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")(?!\w)", re.IGNORECASE)
    seen: Counter[tuple[str, bool, str]] = Counter()
    for response in responses:
        named = list(pattern.finditer(response.answer))
        if response.path == "decoded" and response.answer_tokens <= _MAX_TOKENS and len(named) == 1:
            before, after = response.answer[: named[0].start()], response.answer[named[0].end() :]
            seen[before, named[0].group()[0].isupper(), after] += 1
    usual = [wording for wording, count in seen.most_common(_MAX_FORMATS) if count >= _MIN_COUNT]
    known = {tuple(frontend.answer_ids(label.word)) for label in labels}
    found = [
        tuple(frontend.answer_ids(before + (label.word[0].upper() + label.word[1:] if upper else label.word) + after))
        for before, upper, after in usual
        for label in labels
    ]
    return [answer for answer in dict.fromkeys(found) if answer not in known]
