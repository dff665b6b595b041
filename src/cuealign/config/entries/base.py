"""Types that entries of several sections share."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Ids appear in paths: lower-case letters, digits and single hyphens."""


def _strength(value: Any) -> str:
    """``0.20``, ``"2e-1"`` and ``0.2`` become ``"0.2"``: one notation for a number, used as text in paths and random keys."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number")
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    if not 0 <= number <= 1:
        raise ValueError(f"{value} lies outside of 0 to 1")
    return repr(number + 0.0)  # and no negative zero


Strength = Annotated[str, BeforeValidator(_strength)]
"""Strength p of an intervention, as text."""
