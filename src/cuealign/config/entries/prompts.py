"""``prompts.<id>``: what a model is asked, or the captions of a contrastive model."""

from typing import Any

from pydantic import Field

from cuealign.config.entries.answers import Word
from cuealign.core.validation import StrictModel


class Prompt(StrictModel):
    """An instruction or a caption; in a config, its text alone or a mapping."""

    text: str = Field(description="An instruction, with {labels}, or a caption, with {label}.")
    words: dict[str, Word] = Field(
        default={}, description="Of a caption: label to the word that stands for it here, instead of the one in `answers`."
    )


def text_alone(value: Any) -> Any:
    """Read a text as a prompt without words of its own."""
    return {"text": value} if isinstance(value, str) else value
