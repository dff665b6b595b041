"""What a dataset's utterances are asked, built from the config's plain values."""

from collections.abc import Mapping
from typing import Any

from cuealign.models.base import Label
from cuealign.prompts import AnswerParser, CueBlockTemplate, Template, template


def prompt_template(prompt: Mapping[str, str]) -> Template:
    """Template of an instruction, or a caption, and a cue block."""
    return template(prompt["instruction"], CueBlockTemplate(prompt["cue_block"]))


def label_words(labels: Mapping[str, Mapping[str, Any]]) -> list[Label]:
    """Labels with the words by which they are spoken, in the dataset's order."""
    return [Label(name, answer["word"]) for name, answer in labels.items()]


def answer_parser(labels: Mapping[str, Mapping[str, Any]]) -> AnswerParser:
    """Parser that reads the dataset's labels."""
    return AnswerParser({name: [answer["word"], *answer["synonyms"]] for name, answer in labels.items()})
