"""Labels and their words."""

from collections.abc import Mapping
from dataclasses import dataclass

from cuealign.config.entries.answers import Answer


@dataclass(frozen=True)
class Label:
    """A label and the word for it in prompts and answers."""

    name: str
    word: str


def label_words(answers: Mapping[str, Answer]) -> list[Label]:
    """Labels with their words, in the order of the dataset."""
    return [Label(name, answer.word) for name, answer in answers.items()]
