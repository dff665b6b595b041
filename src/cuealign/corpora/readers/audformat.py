"""Reader ``audformat``: a database folder in the format of the ``audformat`` package, such as ``audb`` loads.

The format (https://audeering.github.io/audformat) has a header ``db.yaml`` and one file per table. They are read as text and
not by that package, which turns the speaker ``01`` into the number 1, treats values that the header does not list as missing,
and opens pickled copies and headers that run code.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import InputError, raise_all
from cuealign.core.registry import PluginOptions
from cuealign.core.text import some
from cuealign.corpora import texttable
from cuealign.corpora.columns import seconds
from cuealign.corpora.rows import RAW_COLUMNS, normalise_gender, utterance_ids

HEADER = "db.yaml"
TABLE_NAME = "table"
"""Value of the option ``split`` that makes the name of the table the split of its utterances."""


class Options(PluginOptions):
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


class _Part(BaseModel):
    """Part of the header; keys that are not needed are ignored."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class _Column(_Part):
    scheme_id: str | None = None


class _Table(_Part):
    columns: dict[str, _Column] | None = None


class _MiscTable(_Table):
    levels: dict[str, Any] | list[str]


class _Scheme(_Part):
    labels: dict[str | int, Any] | list[Any] | str | None = None


class _Header(_Part):
    tables: dict[str, _Table] | None = None
    misc_tables: dict[str, _MiscTable] | None = None
    schemes: dict[str, _Scheme] | None = None


def sources(dataset: Dataset) -> list[str]:
    """The header and the files of all tables that are read.

    Raises:
        InputError: if a table or its file is missing, or the header cannot be read.
    """
    options, root = Options.model_validate(dataset.options), Path(dataset.root)
    header = _header(root)
    tables = header.tables or {}
    found = some(tables, 20)
    raise_all((f"there is no table {name!r} (found: {found})" for name in options.tables if name not in tables), where=str(root / HEADER))
    names = [*options.tables, *([options.speaker_table] if options.speaker_table in tables else [])]
    used = [header.tables[name].columns or {} for name in names]
    schemes = [column.scheme_id for columns in used for column in columns.values()]
    misc = [labels for scheme in schemes if isinstance(labels := _labels(header, scheme), str)]
    return [str(root / HEADER), *(str(_table_file(root, name)) for name in dict.fromkeys([*names, *misc]))]


def read(dataset: Dataset, _files: Sequence[str]) -> pd.DataFrame:
    """Read the tables of the database.

    Args:
        dataset: entry of the config.

    Returns:
        Columns :data:`cuealign.corpora.rows.RAW_COLUMNS`, one row per row of the tables; a missing label is empty text.

    Raises:
        InputError: lists all problems with table and line.
    """
    options, root = Options.model_validate(dataset.options), Path(dataset.root)
    database = _Database(root, _header(root), options)
    parts = [database.utterances(name) for name in options.tables]
    raw = pd.concat(parts, ignore_index=True)
    raw["gender"] = normalise_gender(raw["gender"])
    problems = [f"{row.origin}: there is no {options.speaker} for {row.file}" for row in raw[raw["speaker"] == ""].itertuples()]
    problems += [
        f"{row.origin}: gender is {row.gender!r}, not female, male or unknown"
        for row in raw[~raw["gender"].isin(("female", "male", "unknown"))].itertuples()
    ]
    raise_all(problems, where=str(root))
    raw["utterance"] = utterance_ids(raw)
    raw["file"] = [str(root / file) for file in raw["file"]]
    return raw.assign(language=options.language)[list(RAW_COLUMNS)]


class _Database:
    """Tables of text and their header."""

    def __init__(self, root: Path, header: _Header, options: Options) -> None:
        self.root, self.header, self.options = root, header, options
        self.perfile = self._load(options.speaker_table) if options.speaker_table in (header.tables or {}) else None

    def _load(self, name: str) -> pd.DataFrame:
        """A table with the columns file, origin and, if it lists segments, start and end (s)."""
        path = _table_file(self.root, name)
        table, word = texttable.read(path)
        if "file" not in table:
            raise InputError(f"{path}: has no column 'file' (found: {some(table.columns, 20)})")
        problems = []
        for column, default in (("start", 0.0), ("end", float("nan"))):
            if column in table:
                values = [default if value in ("", "NaT") else seconds(value) for value in table[column]]
                problems += [
                    f"{word} {row}: {column} is {table[column][row]!r}, not a time"
                    for row, value in zip(table.index, values, strict=True)
                    if value is None
                ]
                table[column] = pd.Series(values, index=table.index, dtype=float)
        raise_all(problems, where=str(path))
        return table.assign(origin=[f"{path}, {word} {number}" for number in table.index])

    def utterances(self, name: str) -> pd.DataFrame:
        """Rows of a table, under the names of :data:`RAW_COLUMNS`."""
        table, options = self._load(name), self.options
        rows = table[["file", "origin"]].copy()
        rows["start"] = table.get("start", 0.0)
        rows["end"] = table.get("end", float("nan"))
        rows["raw_label"] = self._values(name, table, options.column)[0]
        rows["speaker"], scheme = self._values(name, table, options.speaker)
        rows["split"] = name if options.split == TABLE_NAME else self._values(name, table, options.split)[0]
        known = self._of_speakers(scheme)
        if options.gender is None:
            rows["gender"] = ""
        elif known is not None:
            rows["gender"] = [known.get(speaker, "") for speaker in rows["speaker"]]
        else:
            rows["gender"] = self._values(name, table, options.gender)[0]
        return rows

    def _values(self, name: str, table: pd.DataFrame, column: str) -> tuple[list[str], str | None]:
        """Values of a column for all rows of a table, from the table itself or from that per file, and their scheme."""
        if column in table:
            return table[column].tolist(), self._scheme_of(name, column)
        if self.perfile is None:
            raise InputError(f"{self.root}: table {name!r} has no column {column!r}, and there is no table {self.options.speaker_table!r}")
        if column not in self.perfile:
            raise InputError(f"{self.root}: neither table {name!r} nor table {self.options.speaker_table!r} has a column {column!r}")
        of_file: dict[str, str] = {}
        for row in self.perfile[["file", "origin", column]].itertuples(index=False):
            if of_file.setdefault(row.file, row[2]) != row[2]:
                raise InputError(f"{row.origin}: {column} of {row.file} is {row[2]!r}, but {of_file[row.file]!r} in an earlier line")
        return [of_file.get(file, "") for file in table["file"]], self._scheme_of(self.options.speaker_table, column)

    def _scheme_of(self, table: str, column: str) -> str | None:
        entry = ((self.header.tables or {})[table].columns or {}).get(column)
        return entry.scheme_id if entry else None

    def _of_speakers(self, scheme: str | None) -> dict[str, str] | None:
        """Gender by speaker, from the scheme of the speakers (a table, or labels in the header); None if it has no gender."""
        labels, key = _labels(self.header, scheme), self.options.gender
        if isinstance(labels, str):
            path = _table_file(self.root, labels)
            table, word = texttable.read(path)
            level = next(iter(self.header.misc_tables[labels].levels))
            if key not in table or level not in table:
                return None
            repeated = table.index[table[level].duplicated()]
            raise_all((f"{word} {row}: {table[level][row]!r} occurs more than once" for row in repeated), where=str(path))
            return dict(zip(table[level], table[key], strict=True))
        if isinstance(labels, dict) and any(isinstance(values, dict) and key in values for values in labels.values()):
            return {str(name): str(values.get(key, "")) for name, values in labels.items() if isinstance(values, dict)}
        return None


def _labels(header: _Header, scheme: str | None) -> Any:
    """Labels of a scheme: a mapping, a list or the name of a table; None if it has none."""
    entry = (header.schemes or {}).get(scheme) if scheme else None
    labels = entry.labels if entry else None
    return labels if not isinstance(labels, str) or labels in (header.misc_tables or {}) else None


def _header(root: Path) -> _Header:
    path = root / HEADER
    try:
        return _Header.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as the header of an audformat database ({error})") from error
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}".lstrip(": ") for problem in error.errors()]
        raise InputError(f"{path}: is not a header of an audformat database: {some(problems)}") from None


def _table_file(root: Path, name: str) -> Path:
    for path in (root / f"db.{name}.parquet", root / f"db.{name}.csv"):
        if path.is_file():
            return path
    pickled = " (there is a pickled copy, but it is not opened, because it may run code)" if (root / f"db.{name}.pkl").is_file() else ""
    raise InputError(f"{root}: table {name!r} has no file db.{name}.csv or db.{name}.parquet{pickled}")
