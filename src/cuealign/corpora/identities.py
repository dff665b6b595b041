"""Ids and labels in one Unicode form, and speakers who are nobody.

The same name can be written in several ways: with a composed or a decomposed umlaut, with a character that nobody sees, in other
case. Two ways would be two speakers, and each would be resampled as a person of its own.
"""

import unicodedata
from collections.abc import Iterable, Iterator

import pandas as pd

from cuealign.core.characters import named

NAMES = ("utterance", "speaker", "gender", "language", "raw_label", "split", "session")
"""Columns that are compared. Files keep the form that the disk has."""

_VISIBLE = ("speaker", "gender", "language", "raw_label", "split", "session")
# Control and format characters, unassigned and private ones, and all separators but the plain space.
_INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}

NOBODY = frozenset(
    (
        "unknown",
        "unk",
        "n/a",
        "na",
        "nan",
        "none",
        "null",
        "nil",
        "anonymous",
        "anon",
        "unspecified",
        "undefined",
        "missing",
        "?",
        "??",
        "-",
        "--",
    )
)
"""What stands in public corpora for a speaker whom nobody identified, in lower case."""


def in_one_form(raw: pd.DataFrame) -> pd.DataFrame:
    """The table with :data:`NAMES` in Unicode's composed form (NFC)."""
    return raw.assign(**{name: [unicodedata.normalize("NFC", value) for value in raw[name]] for name in NAMES})


def odd_characters(raw: pd.DataFrame) -> Iterator[str]:
    """One line per value of a row that contains a character which nobody sees, or a quotation mark that a table left over."""
    for name in _VISIBLE:
        odd = {value: found for value in set(raw[name]) if (found := _first_odd(value))}
        for row in raw[raw[name].isin(list(odd))].itertuples():
            value = getattr(row, name)
            yield f"{row.origin}: {name.removeprefix('raw_')} {value!r} contains {odd[value]}; remove it"


def _first_odd(value: str) -> str | None:
    for character in value:
        if character != " " and unicodedata.category(character) in _INVISIBLE:
            return f"{named(character)}, which nobody sees"
        if character == '"':
            return "a quotation mark"
    return None


def look_alikes(names: Iterable[str]) -> list[list[str]]:
    """Groups of names that differ only in case or in width (full-width letters), sorted."""
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(unicodedata.normalize("NFKC", name).casefold(), set()).add(name)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def names_nobody(speakers: pd.Series) -> pd.Series:
    """Whether each speaker is one of :data:`NOBODY`, without regard to case and surrounding brackets."""
    return speakers.str.strip("<>[]() ").str.lower().isin(NOBODY)
