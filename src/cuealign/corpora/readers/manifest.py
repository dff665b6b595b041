"""Reader ``manifest``: any corpus described by tables with one row per utterance, in CSV, TSV, Parquet or JSON lines.

Columns: file, speaker, label, split; optional utterance, start, end (s), gender, language. Other names, parts of other
columns and fixed values are given by ``datasets.<id>.columns``. All values are read as text, so that a speaker ``01``
stays ``01``.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.corpora import texttable
from cuealign.corpora.columns import pick
from cuealign.corpora.readers import RAW_COLUMNS, ReaderOptions
from cuealign.corpora.rows import utterance_ids


class Options(ReaderOptions):
    """No options: the keys of this reader are those of the dataset."""


def sources(dataset: Mapping[str, Any]) -> list[str]:
    """The table files."""
    return [file for _, file in _tables(dataset)]


def read(dataset: Mapping[str, Any], _files: Sequence[str]) -> pd.DataFrame:
    """Read the table files.

    Args:
        dataset: entry of the config.

    Returns:
        Columns :data:`cuealign.corpora.readers.RAW_COLUMNS`.

    Raises:
        InputError: naming the file, its line and the column, for all problems of a file together.
    """
    parts = []
    for split, file in _tables(dataset):
        path = Path(file)
        found, word = texttable.read(path)
        parts.append(pick(found, dataset["columns"], path=path, word=word, split=split).assign(folder=dataset["root"] or str(path.parent)))
    table = pd.concat(parts, ignore_index=True)
    if (table["utterance"] == "").all():
        table["utterance"] = utterance_ids(table)
    table["file"] = [str(Path(folder, file)) for folder, file in zip(table["folder"], table["file"], strict=True)]
    return table[list(RAW_COLUMNS)]


def _tables(dataset: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    """Every table file, with the split that it stands for or none."""
    manifest = dataset["manifest"]
    if isinstance(manifest, str):
        yield None, manifest
        return
    for split, files in manifest.items():
        for file in [files] if isinstance(files, str) else files:
            yield split, file
