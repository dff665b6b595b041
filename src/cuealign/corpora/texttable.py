"""Tables of text: CSV, TSV, Parquet and JSON lines alike, every value as the text that was written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cuealign.errors import InputError, raise_all


def read(path: Path) -> tuple[pd.DataFrame, str]:
    """Read a table; its ending tells the format: csv, tsv, parquet, jsonl (or ndjson, or json, one object per line).

    Returns:
        The table, all values text, nothing as empty text, indexed by the number of the line (or row) in the file;
        and ``line`` or ``row``, for messages.

    Raises:
        InputError: if the file cannot be read so.
    """
    ending = path.suffix.lower()
    if ending not in _FORMATS:
        raise InputError(f"{path}: the ending {ending!r} is none of {', '.join(_FORMATS)}, so that its format is not known")
    load, word = _FORMATS[ending]
    try:
        return load(path), word
    except (OSError, UnicodeDecodeError, pa.ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: cannot be read as {ending[1:].upper()} ({error})") from error


def _separated(separator: str) -> Callable[[Path], pd.DataFrame]:
    def load(path: Path) -> pd.DataFrame:
        table = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False, skip_blank_lines=False
        ).fillna("")  # rows with fewer fields than the header
        table.index = table.index + 2  # line 1 is the header
        return table[(table != "").any(axis=1)]  # blank lines

    return load


def _json_lines(path: Path) -> pd.DataFrame:
    rows, problems = {}, []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append(f"line {number}: is no JSON ({error.msg})")
            continue
        if not isinstance(row, dict):
            problems.append(f"line {number}: is no JSON object")
            continue
        rows[number] = {name: _text(value) for name, value in row.items()}
    raise_all(problems, where=str(path))
    return pd.DataFrame.from_dict(rows, orient="index", dtype=str).fillna("")


def _parquet(path: Path) -> pd.DataFrame:
    columns = {}
    # By Arrow's own types: pandas would make a speaker 1 into 1.0 where another one is missing.
    for name, column in zip((table := pq.read_table(path)).column_names, table.columns, strict=True):
        values = column.combine_chunks()
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_duration(values.type):
            unit = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[values.type.unit]
            columns[name] = ["" if value is None else repr(value * unit) for value in values.cast(pa.int64()).to_pylist()]
        else:
            columns[name] = [_text(value) for value in values.to_pylist()]
    result = pd.DataFrame(columns, dtype=str)
    result.index = result.index + 1
    return result


def _text(value: Any) -> str:
    """Text as it is, anything else as JSON writes it; nothing is empty."""
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


_FORMATS = {
    ".csv": (_separated(","), "line"),
    ".tsv": (_separated("\t"), "line"),
    ".parquet": (_parquet, "row"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), (_json_lines, "line")),
}
