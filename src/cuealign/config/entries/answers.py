"""``answers.<label>``: how labels are spoken and read."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from cuealign.core.validation import StrictModel

# ZWNJ and ZWJ belong to the spelling of Persian and of Indian languages.
_JOINER_IN_WORD = re.compile("(?<=[\u0590-\U0010ffff])[\u200c\u200d](?=[\u0590-\U0010ffff])")
_SPECIAL_TOKEN = re.compile(r"<\|.*?\|>|</?\w+>")


def _readable(word: str) -> str:
    """Refuse what a prompt cannot offer or an answer cannot contain."""
    if not word.strip():
        raise ValueError(f"{word!r} is only white space; write a word")
    if word != word.strip():
        raise ValueError(f"{word!r} has white space at its ends; take it away")
    hidden = [character for character in _JOINER_IN_WORD.sub("", word) if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")]
    if hidden:
        raise ValueError(f"{word!r} contains a line break or an invisible character (U+{ord(hidden[0]):04X}); take it out")
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
