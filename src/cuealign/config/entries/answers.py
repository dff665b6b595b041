"""``answers.<label>``: how labels are spoken and read."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from cuealign.core.characters import hidden
from cuealign.core.validation import StrictModel

_SPECIAL_TOKEN = re.compile(r"<\|.*?\|>|</?\w+>")


def _readable(word: str) -> str:
    """Refuse what a prompt cannot offer or an answer cannot contain."""
    if not word.strip():
        raise ValueError(f"{word!r} is only white space; write a word")
    if word != word.strip():
        raise ValueError(f"{word!r} has white space at its ends; take it away")
    if found := hidden(word):
        raise ValueError(f"{word!r} contains a line break or an invisible character (U+{ord(found):04X}); take it out")
    if token := _SPECIAL_TOKEN.search(unicodedata.normalize("NFKC", word)):
        raise ValueError(f"{word!r}: {token.group()} looks like a special token or a tag, which is no text to a model; write it without")
    if not any(map(str.isalnum, word)):
        raise ValueError(f"{word!r} contains no letter or digit, and answers are searched for words; write a word")
    return word


Word = Annotated[str, Field(min_length=1), AfterValidator(_readable)]


class Answer(StrictModel):
    """How a label is spoken."""

    word: Word = Field(description="The word by which prompts offer the label.")
    synonyms: list[Word] = Field(default=[], description="Further words read as the label, matched whole and without regard to case.")
