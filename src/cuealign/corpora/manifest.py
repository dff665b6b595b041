"""Reader ``manifest``: any corpus described by one CSV file, one row per utterance.

Columns: file, speaker, label, split; optional utterance, start, end (seconds), gender, language. Other
names are mapped by ``datasets.<id>.columns``. All values are read as text, so that a speaker ``01`` stays ``01``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.corpora import RAW_COLUMNS
from cuealign.errors import InputError, raise_all

REQUIRED = ("file", "speaker", "label", "split")
OPTIONAL = {"utterance": None, "start": "", "end": "", "gender": "unknown", "language": ""}
_GENDERS = {"f": "female", "m": "male", "w": "female", "": "unknown"}


def sources(dataset: Mapping[str, Any]) -> list[str]:
    """The CSV file."""
    return [dataset["manifest"]]


def read(dataset: Mapping[str, Any], files: Sequence[str]) -> pd.DataFrame:
    """Read the CSV file.

    Args:
        dataset: entry of the config.
        files: the CSV file.

    Returns:
        Columns :data:`cuealign.corpora.RAW_COLUMNS`.

    Raises:
        InputError: naming the file, its line and the column, for all problems together.
    """
    path = Path(files[0])
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False, skip_blank_lines=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: cannot be read as CSV ({error})") from error
    table = table.fillna("")  # rows with fewer fields than the header
    table = table[(table != "").any(axis=1)]  # blank lines; the index still counts lines
    names = {theirs: ours for ours, theirs in dataset["columns"].items()}
    absent = [theirs for theirs in names if theirs not in table]
    raise_all(
        (f"column {name!r} is named in the config but missing from the file (found: {', '.join(table.columns)})" for name in absent),
        where=str(path),
    )
    table = table.drop(columns=[ours for theirs, ours in names.items() if ours in table and ours != theirs]).rename(columns=names)
    missing = [name for name in REQUIRED if name not in table]
    hint = "; is the file separated by commas?" if len(table.columns) == 1 else ""
    raise_all((f"column {name!r} is missing (found: {', '.join(table.columns)}{hint})" for name in missing), where=str(path))
    for name, default in OPTIONAL.items():
        if name not in table:
            table[name] = default

    # Line 1 is the header.
    table["origin"] = [f"{path}, line {number + 2}" for number in table.index]
    problems = [f"line {row + 2}: {name} is empty" for name in REQUIRED for row in table.index[table[name].str.strip() == ""]]
    for name in (*REQUIRED, "utterance", "gender", "language"):
        values = table[name].fillna("").astype(str)
        padded = values != values.str.strip()
        problems += [f"line {row + 2}: {name} {table[name][row]!r} begins or ends with white space" for row in table.index[padded]]
    if table["utterance"].notna().any():
        problems += [f"line {row + 2}: utterance is empty" for row in table.index[table["utterance"] == ""]]
    if not len(table):
        problems.append("no rows")
    for name, default in (("start", 0.0), ("end", float("nan"))):
        filled = table[name].str.strip() != ""
        numbers = pd.to_numeric(table[name].where(filled), errors="coerce").replace([float("inf"), float("-inf")], float("nan"))
        problems += [f"line {row + 2}: {name} is {table[name][row]!r}, not a number" for row in table.index[filled & numbers.isna()]]
        table[name] = numbers.where(filled, default).astype(float)
    gender = table["gender"].str.strip().str.lower().replace(_GENDERS)
    problems += [
        f"line {row + 2}: gender is {table['gender'][row]!r}, not female, male or unknown"
        for row in table.index[~gender.isin(("female", "male", "unknown"))]
    ]
    table["gender"] = gender
    raise_all(problems, where=str(path))

    root = Path(dataset["root"]) if dataset["root"] else path.parent
    if table["utterance"].isna().all():
        table["utterance"] = _names(table)
    table["file"] = [str(root / file) for file in table["file"]]
    return table[list(RAW_COLUMNS)].reset_index(drop=True)


def _names(table: pd.DataFrame) -> list[str]:
    """Ids from file names without their ending, and the segment where a file holds several utterances."""
    stems = [str(Path(file).parent / Path(file).stem) for file in table["file"]]
    segments = table["file"].duplicated(keep=False) & ((table["start"] > 0) | table["end"].notna())
    return [
        f"{stem}[{row.start:g},{'' if pd.isna(row.end) else f'{row.end:g}'}]" if segment else stem
        for stem, segment, row in zip(stems, segments, table.itertuples(), strict=True)
    ]
