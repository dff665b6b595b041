"""Reader ``audformat``: a database folder in the format of the ``audformat`` package, such as ``audb`` loads.

The format: https://audeering.github.io/audformat. Tables are read from their CSV or Parquet files; pickled copies, which
``audformat`` itself would prefer, are never opened, as opening one runs whatever code is in it.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import audformat
import pandas as pd
import yaml
from pydantic import Field

from cuealign.corpora import readers
from cuealign.corpora.readers import RAW_COLUMNS, ReaderOptions
from cuealign.corpora.rows import normalise_gender, utterance_ids
from cuealign.errors import InputError, raise_all

HEADER = "db.yaml"
TABLE_NAME = "table"
"""Value of the option ``split`` by which the name of its table becomes an utterance's split."""


class Options(ReaderOptions):
    """Where in the database things are."""

    tables: list[str] = Field(min_length=1, description="Tables that list the utterances, whole files or segments.")
    column: str = Field(default="emotion", description="Column of those tables that holds the label.")
    speaker: str = Field(default="speaker", description="Column that holds the speaker, in those tables or in `speaker_table`.")
    speaker_table: str = Field(default="files", description="Table with what is known per file.")
    gender: str | None = Field(
        default="gender",
        description="Key of the speakers' scheme, or a column, that holds the gender (crema-d calls it `sex`); null: unknown.",
    )
    split: str = Field(
        default=TABLE_NAME,
        description="What becomes the split: `table` for the name of its table, or a column, such as the one of the speaker.",
    )
    language: str = Field(default="", description="ISO 639-3 code of the language, for all utterances.")


def sources(dataset: Mapping[str, Any]) -> list[str]:
    """The header and the files of all tables that are read."""
    options, root = readers.options(dataset), Path(dataset["root"])
    header = _header(root)
    names = [*options.tables, *header.get("misc_tables", {})]
    if options.speaker_table in header.get("tables", {}):
        names.append(options.speaker_table)
    problems = [
        f"there is no table {name!r} (found: {', '.join(header.get('tables', {}))})"
        for name in options.tables
        if name not in header.get("tables", {})
    ]
    raise_all(problems, where=str(root / HEADER))
    return [str(root / HEADER), *(str(_table_file(root, name)) for name in dict.fromkeys(names))]


def read(dataset: Mapping[str, Any], files: Sequence[str]) -> pd.DataFrame:
    """Read the tables of the database.

    Args:
        dataset: entry of the config.
        files: header and table files, from :func:`sources`.

    Returns:
        Columns :data:`cuealign.corpora.readers.RAW_COLUMNS`, one row per row of the tables; a missing label is empty text.

    Raises:
        InputError: naming the table and what is missing in it.
    """
    options, root = readers.options(dataset), Path(dataset["root"])
    database = _load(root, files)
    parts = []
    for name in options.tables:
        index = audformat.utils.to_segmented_index(database[name].index, allow_nat=True)
        table = pd.DataFrame(
            {
                "raw_label": _text(_column(database, name, options.column, options)),
                "speaker": _text(_column(database, name, options.speaker, options)),
                "gender": _text(_gender(database, name, options)),
            }
        )
        table["split"] = name if options.split == TABLE_NAME else _text(_column(database, name, options.split, options))
        table["file"] = index.get_level_values("file").astype(str)
        table["start"] = index.get_level_values("start").total_seconds().to_numpy()
        table["end"] = index.get_level_values("end").total_seconds().to_numpy()
        table["origin"] = [f"{_table_file(root, name)}, {file}" for file in table["file"]]
        parts.append(table.fillna({"start": 0.0}))
    raw = pd.concat(parts, ignore_index=True)
    raw["gender"] = normalise_gender(raw["gender"])
    problems = [f"{row.origin}: there is no {options.speaker} for this file" for row in raw[raw["speaker"] == ""].itertuples()]
    problems += [
        f"{row.origin}: gender is {row.gender!r}, not female, male or unknown"
        for row in raw[~raw["gender"].isin(("female", "male", "unknown"))].itertuples()
    ]
    raise_all(problems, where=str(root))
    raw["utterance"] = utterance_ids(raw)
    raw["file"] = [str(root / file) for file in raw["file"]]
    return raw.assign(language=options.language)[list(RAW_COLUMNS)]


def _header(root: Path) -> dict[str, Any]:
    try:
        # audformat's own loader would construct any Python object that the file names.
        return yaml.safe_load((root / HEADER).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{root / HEADER}: cannot be read as the header of an audformat database ({error})") from error


def _table_file(root: Path, name: str) -> Path:
    for path in (root / f"db.{name}.parquet", root / f"db.{name}.csv"):
        if path.is_file():
            return path
    pickled = " (a pickled copy is there, but is not opened, as it may run code)" if (root / f"db.{name}.pkl").is_file() else ""
    raise InputError(f"{root}: table {name!r} has no file db.{name}.csv or db.{name}.parquet{pickled}")


def _load(root: Path, files: Sequence[str]) -> audformat.Database:
    """The database with the tables of ``files``, loaded out of sight of any pickled copy."""
    database = audformat.Database.load_header_from_yaml(_header(root))
    with tempfile.TemporaryDirectory() as folder:
        for file in map(Path, files):
            Path(folder, file.name).symlink_to(file.resolve())
        # Tables that serve as schemes of others come first.
        for name in [*database.misc_tables, *database.tables]:
            if any(Path(folder, f"db.{name}.{ending}").exists() for ending in ("csv", "parquet")):
                database[name].load(str(Path(folder, f"db.{name}")))
    return database


def _column(database: audformat.Database, table: str, column: str, options: Options, *, key: str | None = None) -> pd.Series:
    """A column, or what its scheme says under ``key``, for every row of a table: its own, or that of the file's."""
    own = database[table]
    if column in own.columns:
        return own[column].get(map=key) if key else own[column].get()
    if options.speaker_table not in database.tables:
        raise InputError(f"{database.name}: table {table!r} has no column {column!r}, and there is no table {options.speaker_table!r}")
    other = database[options.speaker_table]
    if column not in other.columns:
        raise InputError(f"{database.name}: neither table {table!r} nor table {options.speaker_table!r} has a column {column!r}")
    values = other[column].get(map=key) if key else other[column].get()
    if other.is_filewise:
        return values.reindex(own.index.get_level_values("file"))
    return values.reindex(audformat.utils.to_segmented_index(own.index, allow_nat=True))


def _gender(database: audformat.Database, table: str, options: Options) -> pd.Series:
    if options.gender is None:
        return pd.Series("", index=database[table].index)
    holder = database[table] if options.speaker in database[table].columns else database[options.speaker_table]
    scheme = database.schemes.get(holder[options.speaker].scheme_id) if options.speaker in holder.columns else None
    if scheme is not None and scheme.labels is not None and options.gender in _scheme_keys(database, scheme):
        return _column(database, table, options.speaker, options, key=options.gender)
    return _column(database, table, options.gender, options)


def _scheme_keys(database: audformat.Database, scheme: audformat.Scheme) -> set[str]:
    """What a scheme knows of its labels: columns of a table, or keys of a mapping."""
    if isinstance(scheme.labels, str):
        return set(database[scheme.labels].columns)
    if isinstance(scheme.labels, dict):
        return {key for values in scheme.labels.values() if isinstance(values, dict) for key in values}
    return set()


def _text(values: pd.Series) -> list[str]:
    return ["" if pd.isna(value) else str(value) for value in values]
