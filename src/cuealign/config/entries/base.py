"""Types that entries of several sections share."""

import os
import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from cuealign.core.characters import hidden, named
from cuealign.core.validation import odd_number

_LINE_BREAKS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Ids appear in paths: lower-case letters, digits and single hyphens."""


def _strength(value: Any) -> str:
    """``0.20``, ``"2e-1"`` and ``0.2`` become ``"0.2"``: one notation for a number, used as text in paths and random keys."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number")
    if isinstance(value, str) and (problem := odd_number(value)):
        raise ValueError(problem)
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    if not 0 <= number <= 1:
        raise ValueError(f"{value} lies outside of 0 to 1")
    return repr(number + 0.0)  # and no negative zero


Strength = Annotated[str, BeforeValidator(_strength, json_schema_input_type=Annotated[float, Field(ge=0, le=1)] | str)]
"""Strength p of an intervention, as text."""


def _in_one_line(value: str) -> str:
    """``>`` and ``|`` of YAML end a text with a line break, which would break the row of a table in two."""
    line = _LINE_BREAKS.sub(" ", value).strip()
    if found := hidden(line):
        raise ValueError(f"contains {named(found)}, which nobody sees; take it out")
    return line


Line = Annotated[str, AfterValidator(_in_one_line)]
"""Text that people read in tables and figures: line breaks become spaces."""


def _expanded(value: str) -> str:
    """A path with the home folder in the place of ``~``."""
    if not value.strip():
        raise ValueError("is empty; write a path, or leave the key out")
    if control := next((character for character in value if unicodedata.category(character) == "Cc"), None):
        raise ValueError(f"contains a control character (U+{ord(control):04X}); take it out, or rename the file")
    path = os.path.expanduser(value)  # noqa: PTH111  (a Path would change the text of every other path)
    if path.startswith("~"):
        raise ValueError(f"{value!r}: there is no home folder for {value.split('/')[0]!r}; write the whole path")
    return path


Place = Annotated[str, AfterValidator(_expanded)]
"""Path of a file or a folder."""


def _enough_memory(value: str) -> str:
    number, unit = amount(value)
    if number * _MEGABYTES[unit[0].upper()] < 1:
        raise ValueError(f"is {value!r}, but must be at least 1MB; a scheduler takes none for all that there is")
    return value


def _enough_time(value: str) -> str:
    number, unit = amount(value)
    if number * _MINUTES[unit] < 1:
        raise ValueError(f"is {value!r}, but must be at least 1m; a scheduler takes none for no limit")
    return value


_MEGABYTES = {"K": Decimal("0.001"), "M": 1, "G": 1000, "T": 1_000_000}
_MINUTES = {"m": 1, "min": 1, "h": 60, "d": 1440}

Memory = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)? *[kKMGT]i?B$"), AfterValidator(_enough_memory)]
"""Main memory, such as ``40GB``."""

Duration = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)? *(m|min|h|d)$"), AfterValidator(_enough_time)]
"""Time limit, such as ``90m``."""


def amount(text: str) -> tuple[Decimal, str]:
    """Number and unit of a memory or a duration."""
    number, unit = re.fullmatch(r"([0-9.]+) *([A-Za-z]+)", text).groups()
    return Decimal(number), unit
