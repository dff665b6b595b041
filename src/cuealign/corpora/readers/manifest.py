"""Reader ``manifest``: any corpus described by tables with one row per utterance, in CSV, TSV, Parquet or JSON lines.

Columns: file, speaker, label, split; optionally utterance, start, end (s), gender, language. The split is not needed where
``datasets.<id>.split`` draws it. ``datasets.<id>.columns`` gives other names, parts of other columns and fixed values.
All values are read as text, so that a speaker ``01`` stays ``01``.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import ConfigError, InputError
from cuealign.corpora import texttable
from cuealign.corpora.columns import needed, pick
from cuealign.corpora.release import on_disk
from cuealign.corpora.rows import RAW_COLUMNS, UNDRAWN, utterance_ids

logger = logging.getLogger(__name__)


def sources(dataset: Dataset) -> list[str]:
    """The table files."""
    return [file for _, file in _tables(dataset)]


def read(dataset: Dataset, _files: Sequence[str]) -> pd.DataFrame:
    """Read the table files.

    Args:
        dataset: entry of the config.

    Returns:
        Columns :data:`cuealign.corpora.rows.RAW_COLUMNS` and ``session``.

    Raises:
        InputError: lists all problems of a file with line and column.
        ConfigError: if the config gives the split twice.
    """
    parts = []
    for split, file in _tables(dataset):
        path = Path(file)
        found, word = texttable.read(path, needed(dataset.columns))
        if split is not None and "split" in dataset.columns:
            raise ConfigError("columns.split: remove it, as manifest already gives the split of each table")
        if split is not None and "split" in found and (found["split"] != split).any():
            logger.warning("%s: its column split is ignored, because the config assigns the whole table to the split %r", path, split)
        if dataset.split is not None:
            split = UNDRAWN
            if "split" in found:
                logger.warning("%s: its column split is ignored, because the config draws the splits (split: %s)", path, dataset.split.by)
        parts.append(pick(found, dataset.columns, path=path, word=word, split=split).assign(folder=dataset.root or str(path.parent)))
    table = pd.concat(parts, ignore_index=True)
    named = [(part["utterance"] != "").all() for part in parts]
    if len(set(named)) > 1:
        files = [file for (_, file), ids in zip(_tables(dataset), named, strict=True) if not ids]
        raise InputError(f"{files[0]}: has no column utterance, but other tables of the dataset have one; add it")
    if not named[0]:
        table["utterance"] = utterance_ids(table)
    table["file"] = [str(on_disk(Path(folder), file)) for folder, file in zip(table["folder"], table["file"], strict=True)]
    return table[[*RAW_COLUMNS, "session"]]


def _tables(dataset: Dataset) -> Iterator[tuple[str | None, str]]:
    """Each table file with its split; None if the table has a column for it."""
    manifest = dataset.manifest
    if isinstance(manifest, str):
        yield None, manifest
        return
    for split, files in manifest.items():
        for file in [files] if isinstance(files, str) else files:
            yield split, file
