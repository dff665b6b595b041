"""One spelling for words and answers that look alike, and where a word ends in the scripts of the world."""

import re
import unicodedata

# No mark or format character lies in between: the planes of Han, and those without any character.
_POINTS = [*range(0x20000), *range(0xE0000, 0xE1000)]
_CATEGORIES = list(map(unicodedata.category, map(chr, _POINTS)))  # once, as every job that reads a config imports this


def _characters(*categories: str, besides: str = "") -> str:
    """Characters of some Unicode categories, and ``besides``, as ranges of a regular expression."""
    wanted = {category for category in set(_CATEGORIES) if category.startswith(categories)}
    named = (point for point, category in zip(_POINTS, _CATEGORIES, strict=True) if category in wanted)
    found = sorted({*named, *map(ord, besides)})
    starts = [point for point, before in zip(found, [-1, *found], strict=False) if point != before + 1]
    ends = [point for point, after in zip(found, [*found[1:], -1], strict=True) if point != after - 1]
    return "".join(f"\\U{start:08x}-\\U{end:08x}" for start, end in zip(starts, ends, strict=True))


# Fillers and selectors without a glyph of their own, though their category is that of letters and marks.
_SELECTORS = "".join(map(chr, [0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
_INVISIBLE = re.compile(f"[{_characters('Cf', besides=_SELECTORS)}]")
_MARKS = _characters("M")
_MARK_ALONE = re.compile(rf"(?<![\w{_MARKS}])[{_MARKS}]+")

# unicodedata does not tell scripts, so here are their blocks: CJK radicals to Bopomofo, Han and kana, then Thai and Lao,
# Myanmar, Khmer.
_UNSPACED = (
    "\u2e80-\u312f\u3190-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff\u19e0-\u19ff"
)
_HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"

SPACED = rf"[^\W_{_UNSPACED}{_HANGUL}]"
"""Regular expression of a letter or digit of a script that puts spaces between words, other than Hangul."""

_BEFORE = {"spaced": rf"(?<!{SPACED})(?:(?<![{_MARKS}])|(?<=[{_UNSPACED}]))", "hangul": f"(?<![{_HANGUL}])"}
_AFTER = {"spaced": f"(?!{SPACED})"}
_KINDS = {"hangul": re.compile(f"[{_HANGUL}]"), "spaced": re.compile(rf"{SPACED}|(?![{_UNSPACED}])[{_MARKS}]")}

_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u2032\u00b4`"), "'")
_PLAIN = _APOSTROPHES | {ord("_"): " "}


WRAP = "\v"
"""A line break within a sentence, in folded text."""


def fold(text: str) -> str:
    """The same text for all ways to write it.

    Upper and lower case, full width and other forms of a character, and composed and decomposed accents become the same.
    Invisible characters are taken away. Typographic apostrophes become plain ones. Underscores and white space become one
    space. Line breaks stay, but one before a small letter becomes :data:`WRAP`: the sentence may go on there.
    """
    if not text.isascii():
        # Apostrophes come first, because NFKC splits an acute accent that stands for one.
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text.translate(_APOSTROPHES)))
    lines = [" ".join(line.split()) for line in text.translate(_PLAIN).splitlines()]
    text = "".join((WRAP if line[0].islower() else "\n") + line if line else "\n" for line in lines).strip().casefold()
    if not text.isascii():
        # Case folding can leave what is not normalised. A mark on a space is how NFKC writes some symbols.
        text = _MARK_ALONE.sub("", unicodedata.normalize("NFKC", text)).translate(_PLAIN).strip()
    return text


def bounded(words: list[str]) -> str:
    """Regular expression of folded words, the first that fits, where they are not part of longer words. Phrases may be wrapped.

    A word is part of a longer one if a letter, digit or mark of the same kind of script stands beside it. There are three
    kinds. Most scripts put spaces between words. Han, kana, Thai, Lao, Khmer and Myanmar do not, so such a word has no
    boundary. Korean particles follow a word without a space, so a Hangul letter breaks the boundary of a Hangul word only
    in front of it. A mark belongs to what it follows in every script, and so makes another word of it.
    """
    by_start: dict[str, list[str]] = {}
    for word in words:
        by_start.setdefault(_kind(word[0]), []).append(re.escape(word).replace("\\ ", f"[ {WRAP}]") + _AFTER.get(_kind(word[-1]), ""))
    # Words that start with different kinds cannot match at the same place, so their order does not matter.
    starts = (_BEFORE.get(kind, "") + "(?:" + "|".join(found) + ")" for kind, found in by_start.items())
    return f"(?:{'|'.join(starts)})(?![{_MARKS}])" if words else "(?!)"


def _kind(character: str) -> str:
    return next((kind for kind, pattern in _KINDS.items() if pattern.match(character)), "unbounded")
