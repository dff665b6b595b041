"""Turn a table of text into the rows that readers return, by the columns that the config names."""

import re
from collections.abc import Mapping
from pathlib import Path
from unicodedata import normalize

import pandas as pd

from cuealign.config.entries.dataset import Column
from cuealign.core.errors import raise_all
from cuealign.core.text import some
from cuealign.corpora.rows import normalise_gender
from cuealign.runtime.time_limit import time_limit

_LONGEST = 5.0
"""Seconds of computing time for a pattern on one value, which take it microseconds."""

REQUIRED = ("file", "speaker", "label", "split")
OPTIONAL = {"utterance": "", "start": "", "end": "", "gender": "unknown", "language": "", "session": ""}


def needed(columns: Mapping[str, Column]) -> set[str]:
    """Names of the columns that :func:`pick` reads from a table."""
    return {columns.get(name, Column(column=name)).column or name for name in (*REQUIRED, *OPTIONAL)}


def pick(found: pd.DataFrame, columns: Mapping[str, Column], *, path: Path, word: str, split: str | None = None) -> pd.DataFrame:
    """Pick the needed columns and check their values.

    Args:
        found: table of text, indexed by the number of the line or row.
        columns: ``datasets.<id>.columns``.
        path: of the table, for messages.
        word: ``line`` or ``row``, whichever the index of ``found`` counts, for messages.
        split: split of all rows, if the table stands for one or needs none.

    Returns:
        Columns utterance (empty if the table has none), file, start, end, speaker, gender, language, raw_label,
        split, session and origin.

    Raises:
        InputError: lists all problems with file, line and column.
    """
    table, problems = pd.DataFrame(index=found.index), []
    for name in (*REQUIRED, *OPTIONAL):
        where = Column(value=split) if name == "split" and split is not None else columns.get(name, Column(column=name))
        if where.value is not None:
            table[name] = where.value
        elif where.column in found:
            picked, wrong = _part(found[where.column], where, name, word)
            table[name] = pd.Series(picked, index=found.index, dtype=str)
            problems += wrong
        elif name in columns:
            names = some(found.columns, 20)
            problems.append(f"column {where.column!r} is named in the config but missing from the file (found: {names})")
        elif alike := [column for column in map(str, found.columns) if _plain(column) == name]:
            problems.append(
                f"column {alike[0]!r} is not read as {name}; rename it to {name}, or say in columns.{name} which column has it "
                "(or {value: …} for all rows)"
            )
        elif name in OPTIONAL:
            table[name] = OPTIONAL[name]
        else:
            hint = "; is the file separated by commas?" if len(found.columns) == 1 else ""
            problems.append(f"column {name!r} is missing (found: {some(found.columns, 20)}{hint})")
    raise_all(problems, where=str(path))
    return _check(table, path, word)


def _plain(name: str) -> str:
    """The letters of a name in lower case, without quotes, white space and what nobody sees."""
    return re.sub(r"\W", "", normalize("NFKC", name)).casefold()


def _part(values: pd.Series, where: Column, name: str, word: str) -> tuple[list[str], list[str]]:
    """Values of a column after its pattern and its map, and a message for each row that has none."""
    picked, problems = [], []
    for row, value in values.items():
        if where.pattern:
            about = f"{word} {row}: the pattern of {name}, {where.pattern!r}, finds no end on {where.column} {value[:80]!r}"
            with time_limit(_LONGEST, f"{about}; write it without repetitions inside of repetitions"):
                match = re.search(where.pattern, value)
            if match is None:
                problems.append(f"{word} {row}: {where.column} {value!r} does not match the pattern of {name}, {where.pattern!r}")
                picked.append("")
                continue
            value = "".join(match.groups(default="") or [match[0]])
        if where.map:
            if value not in where.map:
                problems.append(f"{word} {row}: {where.column} {value!r} is not in the map of {name} ({some(where.map, 20)})")
            value = where.map.get(value, "")
        picked.append(value)
    return picked, problems


def _check(table: pd.DataFrame, path: Path, word: str) -> pd.DataFrame:
    problems = [f"{word} {row}: {name} is empty" for name in REQUIRED for row in table.index[table[name].str.strip() == ""]]
    for name in (*REQUIRED, "utterance", "gender", "language", "session"):
        padded = table[name] != table[name].str.strip()
        problems += [f"{word} {row}: {name} {table[name][row]!r} begins or ends with white space" for row in table.index[padded]]
        odd = table[name].str.contains(r"[\x00-\x1f\x7f]") & ~padded
        problems += [f"{word} {row}: {name} {table[name][row]!r} contains a control character" for row in table.index[odd]]
    if (table["utterance"] != "").any():
        problems += [f"{word} {row}: utterance is empty" for row in table.index[table["utterance"] == ""]]
    if not len(table):
        problems.append("no rows")
    for name, default in (("start", 0.0), ("end", float("nan"))):
        values = [default if value.strip() in ("", "NaT") else seconds(value) for value in table[name]]
        problems += [
            f"{word} {row}: {name} is {table[name][row]!r}, not a number"
            for row, value in zip(table.index, values, strict=True)
            if value is None
        ]
        table[name] = pd.Series(values, index=table.index, dtype=float)
    table["gender"] = normalise_gender(table["gender"])
    problems += [
        f"{word} {row}: gender is {table['gender'][row]!r}, not female, male or unknown"
        for row in table.index[~table["gender"].isin(("female", "male", "unknown"))]
    ]
    raise_all(problems, where=str(path))
    table["origin"] = [f"{path}, {word} {number}" for number in table.index]
    return table.rename(columns={"label": "raw_label"})


_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d*)?([eE][+-]?\d{1,2})?")
_TIME = re.compile(r"(\d+ days?)?( ?\d+:\d\d:\d\d(\.\d+)?)?")


def seconds(text: str) -> float | None:
    """Seconds in a number or in a time such as ``0 days 00:00:01.5``; None for other text."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        return pd.Timedelta(text).total_seconds() if _TIME.fullmatch(text) else None
    except (pd.errors.OutOfBoundsTimedelta, ValueError):
        return None
