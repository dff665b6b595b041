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


def with_options(value: Any) -> Any:
    """A list of names as a mapping of names to their options; a name whose options are null is left out."""
    if isinstance(value, list):
        doubled = sorted({str(name) for name in value if value.count(name) > 1})
        if doubled:
            raise ValueError(f"{doubled[0]!r} is listed twice")
        return {name: {} for name in value}
    if isinstance(value, dict):
        return {name: options for name, options in value.items() if options not in (None, "null", "~")}
    return value


Plugins = Annotated[
    dict[str, dict[str, Any]], BeforeValidator(with_options, json_schema_input_type=list[str] | dict[str, dict[str, Any] | None])
]
"""Plug-ins of one kind with their options; in a config, a list of names or a mapping."""
