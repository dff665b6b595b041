"""Characters that nobody sees, and halves of characters: what a person cannot read and a file cannot hold."""

import re
import unicodedata

_HALF = re.compile("[\ud800-\udfff]")

# ZWNJ and ZWJ belong to the spelling of Persian and of Indian languages, and to emoji.
_JOINER_IN_WORD = re.compile("(?<=[\u0590-\U0010ffff])[\u200c\u200d](?=[\u0590-\U0010ffff])")
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")

# Fillers, selectors and a blank without a glyph of their own, though their category is that of letters, marks and symbols.
_GLYPHLESS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def whole(text: str) -> str:
    """Text with both halves of a character (surrogates) as the one character that they stand for; a half alone stays."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass") if _HALF.search(text) else text


def half(text: str) -> str | None:
    """The first half of a character, which no file can hold, or None."""
    found = _HALF.search(whole(text))
    return found.group() if found else None


def hidden(text: str) -> str | None:
    """The first line break, control character or format character, or None; joiners within words belong to their spelling."""
    return next((character for character in _JOINER_IN_WORD.sub("", text) if unicodedata.category(character) in _HIDDEN), None)


def named(character: str) -> str:
    """Code point and name of a character: ``U+200B (zero width space)``."""
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character').lower()})"


def as_seen(text: str) -> str:
    """The same text for all that look alike: without what nobody sees, in one case, width and Unicode form, with single spaces."""
    shown = "".join(character for character in _GLYPHLESS.sub("", text) if unicodedata.category(character) not in _HIDDEN)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold())
    return " ".join(folded.split())
