"""Read CSV, TSV, Parquet and JSON lines alike, with all values as text, as they are written in the file."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cuealign.core.errors import InputError, raise_all


def read(path: Path, needed: Collection[str] | None = None) -> tuple[pd.DataFrame, str]:
    """Read a table. The ending gives the format: csv, tsv, parquet, or jsonl (also ndjson or json, with one object per line).

    Args:
        path: of the file.
        needed: columns to read; others may be empty in the result. None reads all.

    Returns:
        The table, with text in all cells (empty if there is no value), indexed by the number of the line or row in the file;
        and the word ``line`` or ``row``, for messages.

    Raises:
        InputError: if the file cannot be read, its ending is unknown, or a column occurs twice.
    """
    ending = path.suffix.lower()
    if ending not in _FORMATS:
        raise InputError(f"{path}: unknown ending {ending!r}; use one of {', '.join(_FORMATS)}")
    load, word = _FORMATS[ending]
    try:
        return load(path, needed), word
    except (OSError, UnicodeError, OverflowError, pa.ArrowException, csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: cannot be read as {ending[1:].upper()} ({error})") from error


def _separated(separator: str) -> Callable[[Path, Collection[str] | None], pd.DataFrame]:
    def load(path: Path, _needed: Collection[str] | None) -> pd.DataFrame:
        with path.open(encoding="utf-8-sig", newline="") as file:
            _refuse_duplicates(next(csv.reader(file, delimiter=separator), []), str(path))
        table = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False, skip_blank_lines=False
        ).fillna("")  # rows with fewer fields than the header
        table.index = table.index + 2  # line 1 is the header
        spanning = table.map(lambda value: "\n" in value).any(axis=1)
        if spanning.any():
            # An unclosed quote would swallow rows.
            raise InputError(
                f"{path}, line {table.index[spanning][0]}: a quoted field continues in the next line; look for a missing or an extra quote"
            )
        return table[(table != "").any(axis=1)]  # blank lines

    return load


def _json_lines(path: Path, _needed: Collection[str] | None) -> pd.DataFrame:
    rows, problems = {}, []
    # Not splitlines(): text in JSON may contain other line separators.
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_pairs)
            if not isinstance(row, dict):
                problems.append(f"line {number}: is not a JSON object")
                continue
            rows[number] = {name: _text(value) for name, value in row.items()}
        except (ValueError, RecursionError) as error:
            problems.append(f"line {number}: is not valid JSON ({getattr(error, 'msg', error)})")
    raise_all(problems, where=str(path))
    return pd.DataFrame.from_dict(rows, orient="index", dtype=str).fillna("")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = Counter(name for name, _ in pairs)
    if repeated := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"{repeated[0]!r} occurs twice")
    return dict(pairs)


def _parquet(path: Path, needed: Collection[str] | None) -> pd.DataFrame:
    names = pq.read_schema(path).names
    _refuse_duplicates(names, str(path))
    wanted = [name for name in names if needed is None or name in needed]
    rows = pq.read_metadata(path).num_rows
    columns = {}
    # Arrow's types, because pandas turns a speaker 1 into 1.0 if another speaker is missing.
    for name, column in zip(wanted, pq.read_table(path, columns=wanted).columns, strict=True):
        values = column.combine_chunks()
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_duration(values.type):
            unit = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[values.type.unit]
            columns[name] = ["" if value is None else repr(value * unit) for value in values.cast(pa.int64()).to_pylist()]
        else:
            columns[name] = [_text(value) for value in values.to_pylist()]
    # Other columns stay empty: they may contain anything, even the audio.
    return pd.DataFrame(columns, index=pd.RangeIndex(1, rows + 1), dtype=str).reindex(columns=names, fill_value="")


def _refuse_duplicates(names: list[str], where: str) -> None:
    raise_all((f"column {name!r} occurs {count} times" for name, count in Counter(names).items() if count > 1), where=where)


def _text(value: Any) -> str:
    """Convert a value to text; a missing value gives an empty text.

    Raises:
        UnicodeError: if the text cannot be encoded as UTF-8.
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)  # a speaker 1 is read as 1.0 if another row of the column is empty
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, bool | list | dict) else str(value)
    text.encode("utf-8")
    return text


_FORMATS = {
    ".csv": (_separated(","), "line"),
    ".tsv": (_separated("\t"), "line"),
    ".parquet": (_parquet, "row"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), (_json_lines, "line")),
}
