"""Strict models of what a user writes, and messages of one line per mistake."""

import datetime
import difflib
import re
import types
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from cuealign.core.errors import one_line

NONE_AS_TEXT = ("null", "~")
"""How null arrives from the command line: Snakemake passes all values as text."""

_ODD_DIGITS = re.compile(r"[^\x00-\x7f]|_")


class StrictModel(BaseModel):
    """Base of all entries of the config and of the options of all plug-ins.

    Unknown keys are refused, and so are numbers that are not finite and truth values where a number is wanted. Entries are
    immutable.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, values: Any) -> Any:
        """Read ``null`` as None if the key allows None, and refuse it otherwise; read a choice of numbers."""
        if not isinstance(values, Mapping):
            return values
        read = dict(values)
        for name, value in values.items():
            if not isinstance(value, str) or name not in cls.model_fields:
                continue
            annotation = cls.model_fields[name].annotation
            if value in NONE_AS_TEXT:
                if not _allows_none(annotation):
                    raise ValueError(f"{name}: is {value!r}, but needs a value; leave the key out for its default")
                read[name] = None
            elif typing.get_origin(annotation) is typing.Literal:
                read[name] = {str(choice): choice for choice in typing.get_args(annotation)}.get(value, value)
        return read

    @model_validator(mode="before")
    @classmethod
    def _no_flags_as_numbers(cls, values: Any) -> Any:
        """Pydantic takes true for 1."""
        if isinstance(values, Mapping):
            for name, value in values.items():
                if name in cls.model_fields and _holds_flag(value) and _is_number(cls.model_fields[name].annotation):
                    raise ValueError(f"{name}: must be a number, but is {_shown(value)}")
        return values

    @field_validator("*", mode="before")
    @classmethod
    def _plain_digits(cls, value: Any, field: ValidationInfo) -> Any:
        """Python takes other digits than 0 to 9 for numbers, and underscores between digits."""
        if _kinds(cls.model_fields[field.field_name].annotation) <= {int, float, type(None)}:
            for within, text in _texts(value):
                if problem := odd_number(text):
                    raise PydanticCustomError("odd_number", "{problem}", {"problem": problem, "within": within})
        return value

    @model_validator(mode="after")
    def _no_endless_numbers(self) -> "StrictModel":
        """What draws random numbers and what counts in a loop takes 64 bits."""
        for name, value in self.__dict__.items():
            for number in value if isinstance(value, list | tuple) else (value,):
                if isinstance(number, int) and abs(number) >= 2**63:
                    raise ValueError(f"{name}: is a number of too many digits")
        return self

    def without(self, names: Collection[str]) -> dict[str, Any]:
        """Plain values of the entry, without the keys ``names`` (required ones become empty text).

        The workflow passes this to a rule whose result does not depend on ``names``, so that changing them reruns nothing.
        """
        blank = {name: "" for name in names if type(self).model_fields[name].is_required()}
        return self.model_dump(mode="json", exclude=set(names)) | blank


def _allows_none(annotation: Any) -> bool:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(map(_allows_none, typing.get_args(annotation)))
    if typing.get_origin(annotation) is typing.Annotated:
        return _allows_none(typing.get_args(annotation)[0])
    return annotation is type(None) or annotation is Any


def _is_number(annotation: Any) -> bool:
    """True for a whole or real number, also None or a list of them."""
    arguments = [argument for argument in typing.get_args(annotation) if argument not in (type(None), Ellipsis)]
    if typing.get_origin(annotation) is typing.Annotated:
        return _is_number(arguments[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, list, tuple):
        return all(map(_is_number, arguments))
    return annotation in (int, float)


def odd_number(text: str) -> str | None:
    """What is wrong with the way in which a number is written as text, or None."""
    return (
        f"{_shown(text)} is not written in plain digits 0 to 9; write the number without other characters"
        if _ODD_DIGITS.search(text)
        else None
    )


def _kinds(annotation: Any) -> set[Any]:
    """Types of the values themselves, also of those in lists and mappings."""
    arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
    if typing.get_origin(annotation) is typing.Annotated:
        return _kinds(arguments[0])
    if typing.get_origin(annotation) is dict:
        return _kinds(arguments[1])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, list, tuple):
        return set().union(*map(_kinds, arguments))
    return {annotation} if isinstance(annotation, type) else {Any}


def _texts(value: Any) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every text in a value, with its keys and indices."""
    if isinstance(value, str):
        yield (), value
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, inner in items:
        yield from (((key, *within), text) for within, text in _texts(inner))


def _holds_flag(value: Any) -> bool:
    """True for a truth value, also in a list."""
    return any(map(_holds_flag, value)) if isinstance(value, list | tuple) else isinstance(value, bool)


def mistakes(error: ValidationError, model: type[BaseModel], *, where: str = "", renamed: Mapping[str, str] | None = None) -> list[str]:
    """One line per mistake: the path of the key, what is wrong, and what is allowed.

    Args:
        error: raised by pydantic.
        model: the model that raised it.
        where: path of the validated values, such as ``models.af3.options``.
        renamed: message about a key that was renamed or removed, by its dotted path without ids (``models.group``).
    """
    found = {line for problem in error.errors() for line in _lines(problem, model, where, renamed or {})}
    return sorted(map(one_line, found))


def unknown(name: object, known: Iterable[str], what: str, where: str) -> Iterator[str]:
    """One line if ``name`` is not among ``known``."""
    known = sorted(known)
    if name not in known:
        yield f"{where}: unknown {what} {_short(repr(name))}{near(str(name), known)}; known: {', '.join(known) or 'none'}"


def near(name: str, known: Iterable[str]) -> str:
    """``, did you mean 'x'?`` if a known name is similar, else empty."""
    known = list(known)
    longer = [other for other in known if other.startswith(f"{name}_") or other.startswith(f"{name}-")]
    found = longer or difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f", did you mean {found[0]!r}?" if found else ""


_LIMITS = {
    "greater_than_equal": ("must be at least", "ge"),
    "greater_than": ("must be above", "gt"),
    "less_than_equal": ("must be at most", "le"),
    "less_than": ("must be below", "lt"),
    "too_short": ("needs a number of items of at least", "min_length"),
    "string_too_short": ("needs a number of letters of at least", "min_length"),
}

_WRONG_TYPE = {
    "finite_number": "must be a finite number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "string_unicode": "must be text",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}


def _lines(problem: Mapping[str, Any], model: type[BaseModel], where: str, renamed: Mapping[str, str]) -> list[str]:
    location = list(problem["loc"])
    # The last part may be a marker that a key is wrong, or a key.
    if location and location[-1] == "[key]" and problem["type"] not in ("extra_forbidden", "missing"):
        location.pop()
    unknown_key = location[-1:] if problem["type"] == "extra_forbidden" else []  # whatever it is called
    location = [part for part in location[: len(location) - len(unknown_key)] if not str(part).startswith("function-")] + unknown_key
    path = key_path(where, [*location, *problem.get("ctx", {}).get("within", ())])
    message, value = problem["msg"].removeprefix("Value error, "), problem["input"]
    if problem["type"] == "extra_forbidden":
        known = list(_fields_at(model, location[:-1]))
        generic = ".".join(part for part in (where.split(".")[0], *_without_ids(model, location)) if part)
        if generic in renamed:
            message = renamed[generic]
        else:
            message = f"unknown key{near(str(location[-1]), known)}; known: {', '.join(known) or 'none'}"
    elif problem["type"] == "missing":
        message = "is missing"
    elif problem["type"] in _WRONG_TYPE:
        message = f"{_WRONG_TYPE[problem['type']]}, but is {_shown(value)}"
        if problem["type"] == "string_type" and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**60:
            message += f"; write it in quotation marks ('{value}'): YAML reads text like this as a number, and 010 even as 8"
        elif problem["type"] == "string_type" and isinstance(value, bool):
            message += "; write it in quotation marks: YAML reads yes, no, on and off as true and false"
        elif problem["type"] == "string_type" and isinstance(value, datetime.date):
            message += f"; write it in quotation marks ('{value}'): YAML reads text like this as a date"
    elif problem["type"] == "literal_error":
        allowed = problem["ctx"]["expected"].replace("'", "")
        alike = near(value, allowed.replace(" or ", ", ").split(", ")) if isinstance(value, str) else ""
        message = f"is {_shown(value)}, but must be {allowed}{alike}"
    elif problem["type"] in _LIMITS:
        what, key = _LIMITS[problem["type"]]
        message = f"{what} {problem['ctx'][key]}, but is {_shown(value)}"
    elif problem["type"] == "string_pattern_mismatch" and problem["loc"][-1] == "[key]":
        message = "an id consists of lower-case letters, digits and single hyphens"
    elif problem["type"] == "string_pattern_mismatch":
        message = f"is {_shown(value)}; wanted: {_description_at(model, location)}"
    elif problem["type"] not in ("value_error", "odd_number"):
        message = f"{message[0].lower()}{message[1:]}, but is {_shown(value)}"
    if problem["type"] == "value_error" and "\n" in message:
        return message.splitlines()  # checks across keys name the keys themselves
    return [f"{path}: {message}" if path else message]


def _shown(value: Any) -> str:
    kind = "the number " if isinstance(value, int | float) and not isinstance(value, bool) else ""
    try:
        text = "nothing (null)" if value is None else repr(value)
    except ValueError:  # Python writes no number of more than some thousand digits
        return "a number of too many digits"
    return kind + _short(text)


def _short(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def key_path(where: str, location: Iterable[Any]) -> str:
    """Path of a key as messages show it, such as ``grid[0].p``."""
    path = where
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{_short(str(part))}" if path else _short(str(part))
    return path


def _fields_at(model: Any, location: Iterable[Any]) -> Iterable[str]:
    """Keys that are allowed at a location."""
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = _inner(model.model_fields[part].annotation)
    return model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else ()


def _description_at(model: Any, location: Iterable[Any]) -> str:
    """Description of the innermost key on the way to a location."""
    description = ""
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            field = model.model_fields[part]
            description, model = field.description or description, _inner(field.annotation)
    return description


def _without_ids(model: Any, location: Iterable[Any]) -> Iterator[str]:
    """Names of the keys on the way to a location, without ids and list indices."""
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield str(part)
            if part in model.model_fields:
                annotation = model.model_fields[part].annotation
                model = _Registry(_inner(annotation)) if typing.get_origin(annotation) in (dict, list) else _inner(annotation)
        elif isinstance(model, _Registry):
            model = model.inner


class _Registry:
    """A mapping or list of entries: the next part of a path is an id or an index."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


def _inner(annotation: Any) -> Any:
    """The model class inside ``list[…]``, ``dict[…, …]`` or ``… | None``."""
    arguments = [argument for argument in typing.get_args(annotation) if argument is not type(None)]
    for argument in reversed(arguments):
        found = _inner(argument)
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return annotation


def validated(model: type[StrictModel], values: Any) -> Any:
    """Validate ``values``; an entry is returned unchanged."""
    return values if isinstance(values, model) else model.model_validate(values)
