"""Labels, the words by which they are spoken, and what is made of both."""

from collections.abc import Mapping
from dataclasses import dataclass

from cuealign.config.entries.answers import Answer
from cuealign.prompts.answers import AnswerParser


@dataclass(frozen=True)
class Label:
    """A label and the word by which a model answers it."""

    name: str
    word: str


def label_words(answers: Mapping[str, Answer]) -> list[Label]:
    """Labels with the words by which they are spoken, in the dataset's order."""
    return [Label(name, answer.word) for name, answer in answers.items()]


def answer_parser(answers: Mapping[str, Answer]) -> AnswerParser:
    """Parser that reads the labels."""
    return AnswerParser({name: [answer.word, *answer.synonyms] for name, answer in answers.items()})
