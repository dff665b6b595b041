"""Read CSV, TSV, Parquet and JSON lines alike, with all values as text, as they are written in the file."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cuealign.core import file_kinds
from cuealign.core.errors import InputError, raise_all

MOST_CHARACTERS = 131_072
"""Of a cell. More is no value but a mistake, such as a quote that is never closed, or sound within the table."""


def read(path: Path, needed: Collection[str] | None = None) -> tuple[pd.DataFrame, str]:
    """Read a table. The ending gives the format: csv, tsv, parquet, or jsonl (also ndjson or json, with one object per line).

    Args:
        path: of the file.
        needed: columns to read; others may be empty in the result. None reads all.

    Returns:
        The table, with text in all cells (empty if there is no value), indexed by the number of the line or row in the file;
        and the word ``line`` or ``row``, for messages.

    Raises:
        InputError: if the file cannot be read or is of another kind, its ending is unknown, a column occurs twice, or a line of
            CSV or TSV has another number of fields than the header.
    """
    ending = path.suffix.lower()
    if ending not in _FORMATS:
        raise InputError(f"{path}: unknown ending {ending!r}; use one of {', '.join(_FORMATS)}")
    load, word = _FORMATS[ending]
    try:
        if ending != ".parquet":
            _refuse_other_kinds(path)
        return load(path, needed), word
    except (OSError, OverflowError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as {ending[1:].upper()} ({error})") from error


_NO_TABLES = file_kinds.ANY | {
    b"\xff\xfe\0\0": "UTF-32 text; save it as UTF-8",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"PK\x03\x04": "an Excel workbook or another archive; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"PAR1": "a Parquet file; give it the ending .parquet",
}


def _refuse_other_kinds(path: Path) -> None:
    if what := file_kinds.kind(path, _NO_TABLES):
        raise InputError(f"{path}: is {what}")
    with path.open("rb") as file:
        if b"\0" in file.read(4096):
            raise InputError(f"{path}: contains zero bytes, as UTF-16 and binary files do; save it as UTF-8 text")


def _text_of(path: Path) -> str:
    """Text of a file, with its line ends as they are."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: is not UTF-8 text; save the file as UTF-8") from error


def _separated(separator: str) -> Callable[[Path, Collection[str] | None], pd.DataFrame]:
    def load(path: Path, _needed: Collection[str] | None) -> pd.DataFrame:
        records = [(line, fields) for line, fields in _records(path, separator) if any(fields)]  # others are blank lines
        if not records:
            raise InputError(f"{path}: is empty; its first line must name the columns")
        (first, header), *rows = records
        if len(header) == 1 and header[0].lower().startswith("sep="):
            raise InputError(f"{path}, line 1: {header[0]!r} is a note for Excel; delete the line, and separate fields by {separator!r}")
        while header and not header[-1]:  # a separator at the end of each line
            header.pop()
        _refuse_duplicates(header, str(path))
        count, numbers, kept, problems = len(header), [], [], []
        for line, fields in rows:
            if len(fields) < count or any(fields[count:]):
                found = f"{len(fields)} field{'s' * (len(fields) > 1)}"
                problems.append(f"line {line}: {found}, the header has {count}; quote a field that contains {separator!r}")
            numbers.append(line)
            kept.append(fields[:count])
        if count == 1 and len(problems) == len(rows) > 0:  # a title or a comment
            raise InputError(
                f"{path}, line {first}: the header has one column, {header[0]!r}, and every row has more; the line that names the columns "
                f"must come first, and {separator!r} in a field needs quotes"
            )
        raise_all(problems, where=str(path))
        return pd.DataFrame(kept, index=pd.Index(numbers, dtype=int), columns=header, dtype=str)

    return load


def _records(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Records of a file of separated values, each with the number of its line; with the first, the header.

    Raises:
        InputError: if a quoted field goes on in the next line, is not closed, or is followed by something else; or if a field is
            longer than :data:`MOST_CHARACTERS`.
    """
    reader = csv.reader(io.StringIO(_text_of(path), newline=""), delimiter=separator, strict=True)
    line = 0
    while True:
        wrong = ""
        fields: list[str] | None = None
        try:
            fields = next(reader, None)
        except csv.Error as error:
            wrong = _TOO_LONG if "limit" in str(error) else f"is not CSV ({error}); look for a missing or an extra quote"
        if reader.line_num > line + 1:
            # A quote that is never closed would swallow lines.
            wrong = "a quoted field continues in the next line; look for a missing or an extra quote"
        elif fields is not None and any(len(field) > MOST_CHARACTERS for field in fields):
            wrong = _TOO_LONG
        if wrong:
            raise InputError(f"{path}, line {line + 1}: {wrong}")
        if fields is None:
            return
        line = reader.line_num
        yield line, fields


_TOO_LONG = f"a field has more than {MOST_CHARACTERS:,} characters; look for a missing quote, or leave its column out of the table"


def _json_lines(path: Path, _needed: Collection[str] | None) -> pd.DataFrame:
    text = _text_of(path)
    if _is_one_document(text):
        raise InputError(f"{path}: is one JSON document; write one object per line (pandas: to_json(orient='records', lines=True))")
    rows, problems = {}, []
    # Not splitlines(): text in JSON may contain other line separators.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_pairs)
            if not isinstance(row, dict):
                problems.append(f"line {number}: is not a JSON object")
                continue
            rows[number] = {name: _text(value) for name, value in row.items()}
            if long := [name for name, value in rows[number].items() if len(value) > MOST_CHARACTERS]:
                problems.append(f"line {number}: {long[0]!r} has more than {MOST_CHARACTERS:,} characters; leave it out of the table")
        except (ValueError, RecursionError) as error:
            problems.append(f"line {number}: is not valid JSON ({getattr(error, 'msg', error)})")
    raise_all(problems, where=str(path))
    return pd.DataFrame.from_dict(rows, orient="index", dtype=str).fillna("")


def _is_one_document(text: str) -> bool:
    """True for an array, or an object with an entry per utterance or over several lines, instead of one object per line."""
    start = text.lstrip()
    if not start.startswith(("[", "{")):
        return False
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if isinstance(document, list):
        return any(isinstance(entry, dict) for entry in document)
    return len(text.strip().splitlines()) > 1 or (bool(document) and all(isinstance(entry, dict) for entry in document.values()))


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
