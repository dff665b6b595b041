"""The CSV and JSON files that the workflow writes: what is damaged is named, with what to do."""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from cuealign.core.errors import InputError

ADVICE = "delete it and run the workflow again"
"""What to do about a file that is not as the workflow wrote it."""


NUMBER = (int, float)
"""Types of a number in JSON."""


class Written(BaseModel):
    """Base of what the workflow writes as JSON: the parts that somebody reads, with their types."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


Shape = TypeVar("Shape")


def read_written(path: Path | str, shape: type[Shape]) -> Shape:
    """What a JSON file of the workflow holds.

    Args:
        path: of the file.
        shape: of its object, a :class:`Written` or a dataclass of pydantic.

    Raises:
        InputError: if the file cannot be read or has another shape; the message names the part.
    """
    found = read_json(path)
    try:
        return TypeAdapter(shape).validate_json(json.dumps(found))
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        if wrong["type"] == "missing":
            raise InputError(f"{path}: lacks {where}; {ADVICE}") from error
        raise InputError(f"{path}: {where} is {str(wrong['input'])[:60]!r}, which the workflow does not write; {ADVICE}") from error


def read_text(path: Path | str) -> str:
    """Content of a text file.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {ADVICE}") from error


def read_json(path: Path | str, shape: Mapping[str, type | tuple[type, ...]] | None = None) -> dict[str, Any]:
    """Content of a JSON file with one object.

    Args:
        path: of the file.
        shape: keys that the object must have, with the types of their values.

    Raises:
        InputError: if the file cannot be read, is no such object, lacks a key or has a value of another type.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error}); {ADVICE}") from error
    if not isinstance(found, Mapping):
        raise InputError(f"{path}: is not what the workflow wrote; {ADVICE}")
    for key, kind in (shape or {}).items():
        if key not in found:
            raise InputError(f"{path}: lacks {key}; {ADVICE}")
        if not isinstance(found[key], kind):
            raise InputError(f"{path}: {key} is {str(found[key])[:60]!r}, which the workflow does not write; {ADVICE}")
    return found


def read_csv(
    path: Path | str,
    *,
    columns: Collection[str] = (),
    text: Collection[str] = (),
    numbers: bool = True,
    key: Sequence[str] = (),
    may_be_empty: bool = True,
) -> pd.DataFrame:
    """A CSV file. Only an empty cell is a missing value: "NA" and "null" may be labels.

    Args:
        path: of the file.
        columns: that the table must have.
        text: columns that hold text, whether they are there or not.
        numbers: whether all other ``columns`` hold numbers.
        key: columns that name a row: none is empty, and no two rows have the same in all of them.
        may_be_empty: whether there may be no row.

    Raises:
        InputError: if the file cannot be read, lacks a column or all rows, has something else than a number where one belongs, or a
            row without a name or with that of another one.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: cannot be read as CSV ({str(error).strip()}); {ADVICE}") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(f"{path}: has rows with more fields than the header; {ADVICE}")
    if missing := [name for name in columns if name not in table]:
        raise InputError(f"{path}: has no column {missing[0]!r}; {ADVICE}")
    for name in columns if numbers else ():
        if name not in text and not pd.api.types.is_numeric_dtype(table[name]):
            values = table[name].dropna()
            wrong = values[pd.to_numeric(values, errors="coerce").isna()]
            if len(wrong):
                raise InputError(f"{path}, line {wrong.index[0] + 2}: {name} is {wrong.iloc[0]!r}, not a number; {ADVICE}")
    if table.empty and not may_be_empty:
        raise InputError(f"{path}: has no rows; {ADVICE}")
    _check_key(path, table, list(key))
    return table


def _check_key(path: Path | str, table: pd.DataFrame, key: list[str]) -> None:
    """Every row has a name of its own."""
    for name in key:
        if (empty := table[name].isna()).any():
            raise InputError(f"{path}, line {table.index[empty][0] + 2}: {name} is empty; {ADVICE}")
    if key and (again := table.duplicated(key)).any():
        row = table.index[again][0]
        raise InputError(f"{path}, line {row + 2}: a second row of {' '.join(map(str, table.loc[row, key]))}; {ADVICE}")


def write_whole(text: str, path: Path) -> None:
    """Write a file that is no output of a rule, so that it is whole or not there when a job is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
