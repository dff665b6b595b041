"""Strict models of what a user writes, and messages of one line per mistake."""

import difflib
import types
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

NONE_AS_TEXT = ("null", "~")
"""How null arrives from the command line: Snakemake passes all values as text."""


class StrictModel(BaseModel):
    """Base of all entries of the config and of the options of all plug-ins. Unknown keys are refused; entries are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _none_from_text(cls, values: Any) -> Any:
        """Read ``null`` as None if the key allows None; refuse it otherwise."""
        if not isinstance(values, Mapping):
            return values
        read = dict(values)
        for name, value in values.items():
            if value in NONE_AS_TEXT and isinstance(value, str) and name in cls.model_fields:
                if not _allows_none(cls.model_fields[name].annotation):
                    raise ValueError(f"{name}: is {value!r}, but needs a value; leave the key out for its default")
                read[name] = None
        return read

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


def mistakes(error: ValidationError, model: type[BaseModel], *, where: str = "", renamed: Mapping[str, str] | None = None) -> list[str]:
    """One line per mistake: the path of the key, what is wrong, and what is allowed.

    Args:
        error: raised by pydantic.
        model: the model that raised it.
        where: path of the validated values, such as ``models.af3.options``.
        renamed: message about a key that was renamed or removed, by its dotted path without ids (``models.group``).
    """
    lines: list[str] = []
    for problem in error.errors():
        lines += _line(problem, model, where, renamed or {}).splitlines()
    return sorted(dict.fromkeys(lines))


def unknown(name: object, known: Iterable[str], what: str, where: str) -> Iterator[str]:
    """One line if ``name`` is not among ``known``."""
    known = sorted(known)
    if name not in known:
        yield f"{where}: unknown {what} {name!r}{near(str(name), known)}; known: {', '.join(known) or 'none'}"


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


def _line(problem: Mapping[str, Any], model: type[BaseModel], where: str, renamed: Mapping[str, str]) -> str:
    location = [part for part in problem["loc"] if not (isinstance(part, str) and part.startswith(("function-", "[")))]
    path = _path(where, location)
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
        if problem["type"] == "string_type" and isinstance(value, int) and not isinstance(value, bool):
            message += f"; write it in quotation marks ('{value}'): YAML reads text like this as a number, and 010 even as 8"
    elif problem["type"] == "literal_error":
        allowed = problem["ctx"]["expected"].replace("'", "")
        message = f"is {_shown(value)}, but must be {allowed}{near(str(value), allowed.replace(' or ', ', ').split(', '))}"
    elif problem["type"] in _LIMITS:
        what, key = _LIMITS[problem["type"]]
        message = f"{what} {problem['ctx'][key]}, but is {_shown(value)}"
    elif problem["type"] == "string_pattern_mismatch" and problem["loc"][-1] == "[key]":
        message = "an id consists of lower-case letters, digits and single hyphens"
    elif problem["type"] == "string_pattern_mismatch":
        message = f"is {_shown(value)}; wanted: {_description_at(model, location)}"
    elif "\n" not in message and problem["type"] != "value_error":
        message = f"{message[0].lower()}{message[1:]}, but is {_shown(value)}"
    if problem["type"] == "value_error" and "\n" in message:
        return message  # checks across keys name the keys themselves
    return f"{path}: {message}" if path else message


def _shown(value: Any, longest: int = 60) -> str:
    kind = "the number " if isinstance(value, int | float) and not isinstance(value, bool) else ""
    text = "nothing (null)" if value is None else repr(value)
    return f"{kind}{text if len(text) <= longest else text[:longest] + '…'}"


def _path(where: str, location: Iterable[Any]) -> str:
    path = where
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
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
