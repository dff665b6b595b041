"""Reader ``manifest``: any corpus described by tables with one row per utterance, in CSV, TSV, Parquet or JSON lines.

Columns: file, speaker, label, split; optional utterance, start, end (s), gender, language. Other names, parts of other
columns and fixed values are given by ``datasets.<id>.columns``. All values are read as text, so that a speaker ``01``
stays ``01``.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.corpora import texttable
from cuealign.corpora.readers import RAW_COLUMNS, ReaderOptions
from cuealign.corpora.rows import normalise_gender, utterance_ids
from cuealign.errors import raise_all

REQUIRED = ("file", "speaker", "label", "split")
OPTIONAL = {"utterance": "", "start": "", "end": "", "gender": "unknown", "language": ""}


class Options(ReaderOptions):
    """No options: the keys of this reader are those of the dataset."""


def sources(dataset: Mapping[str, Any]) -> list[str]:
    """The table files."""
    return [file for _, file in _files(dataset)]


def read(dataset: Mapping[str, Any], _files_found: Sequence[str]) -> pd.DataFrame:
    """Read the table files.

    Args:
        dataset: entry of the config.

    Returns:
        Columns :data:`cuealign.corpora.readers.RAW_COLUMNS`.

    Raises:
        InputError: naming the file, its line and the column, for all problems of a file together.
    """
    parts = [_read_one(Path(file), split, dataset) for split, file in _files(dataset)]
    table = pd.concat(parts, ignore_index=True)
    if (table["utterance"] == "").all():
        table["utterance"] = utterance_ids(table)
    root = dataset["root"]
    table["file"] = [str(Path(root or base, file)) for base, file in zip(table["base"], table["file"], strict=True)]
    return table[list(RAW_COLUMNS)]


def _files(dataset: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    """Every table file, with the split that it stands for or none."""
    manifest = dataset["manifest"]
    if isinstance(manifest, str):
        yield None, manifest
        return
    for split, files in manifest.items():
        for file in [files] if isinstance(files, str) else files:
            yield split, file


def _read_one(path: Path, split: str | None, dataset: Mapping[str, Any]) -> pd.DataFrame:
    found, word = texttable.read(path)
    table, problems = _pick(found, dataset["columns"], split, word)
    raise_all(problems, where=str(path))
    table["base"], table["origin"] = str(path.parent), [f"{path}, {word} {number}" for number in table.index]

    problems = [f"{word} {row}: {name} is empty" for name in REQUIRED for row in table.index[table[name].str.strip() == ""]]
    for name in (*REQUIRED, "utterance", "gender", "language"):
        padded = table[name] != table[name].str.strip()
        problems += [f"{word} {row}: {name} {table[name][row]!r} begins or ends with white space" for row in table.index[padded]]
    if (table["utterance"] != "").any():
        problems += [f"{word} {row}: utterance is empty" for row in table.index[table["utterance"] == ""]]
    if not len(table):
        problems.append("no rows")
    for name, default in (("start", 0.0), ("end", float("nan"))):
        seconds = [default if value.strip() in ("", "NaT") else _seconds(value) for value in table[name]]
        problems += [
            f"{word} {row}: {name} is {table[name][row]!r}, not a number"
            for row, value in zip(table.index, seconds, strict=True)
            if value is None
        ]
        table[name] = pd.Series(seconds, index=table.index, dtype=float)
    table["gender"] = normalise_gender(table["gender"])
    problems += [
        f"{word} {row}: gender is {table['gender'][row]!r}, not female, male or unknown"
        for row in table.index[~table["gender"].isin(("female", "male", "unknown"))]
    ]
    raise_all(problems, where=str(path))
    return table.rename(columns={"label": "raw_label"})


def _pick(found: pd.DataFrame, columns: Mapping[str, Any], split: str | None, word: str) -> tuple[pd.DataFrame, list[str]]:
    """The columns that are needed, as the config says where they are, and what is wrong with that."""
    table, problems = pd.DataFrame(index=found.index), []
    names = ", ".join(map(str, found.columns))
    for name in (*REQUIRED, *OPTIONAL):
        given = {"value": split} if name == "split" and split is not None else columns.get(name, name)
        where = {"column": given} if isinstance(given, str) else given
        if where.get("value") is not None:
            table[name] = where["value"]
        elif where["column"] in found:
            table[name] = found[where["column"]]
        elif name in columns:
            problems.append(f"column {where['column']!r} is named in the config but missing from the file (found: {names})")
        elif name in OPTIONAL:
            table[name] = OPTIONAL[name]
        else:
            hint = "; is the file separated by commas?" if len(found.columns) == 1 else ""
            problems.append(f"column {name!r} is missing (found: {names}{hint})")
        if where.get("pattern") and name in table:
            matches = [re.search(where["pattern"], value) for value in table[name]]
            problems += [
                f"{word} {row}: {where['column']} {value!r} does not match the pattern of {name}, {where['pattern']!r}"
                for row, value, match in zip(table.index, table[name], matches, strict=True)
                if match is None
            ]
            table[name] = ["" if match is None else "".join(match.groups(default="") or [match[0]]) for match in matches]
    return table, problems


def _seconds(text: str) -> float | None:
    """Seconds of a number or of a time such as ``0 days 00:00:01.5``; None of anything else."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = pd.Timedelta(text).total_seconds()
        except ValueError:
            return None
    return seconds if math.isfinite(seconds) else None
