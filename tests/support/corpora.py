"""Corpora, from their entry in a config to their manifest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.corpora import audit
from cuealign.corpora.checks import check_description
from cuealign.corpora.manifests import build_manifest
from cuealign.corpora.readers import READERS
from tests.support.config import changed


def describe(entry: Dataset, *, name: str = "c") -> pd.DataFrame:
    """Utterances of a corpus as its reader gives them, checked."""
    reader = READERS.module(entry.reader)
    return check_description(reader.read(entry, reader.sources(entry)), entry, name=name)


def build_corpus(entry: Dataset, *, workers: int = 1) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Manifest and counts of a corpus, through all the steps that the workflow takes."""
    utterances = describe(entry)
    audited = audit.probe(utterances, name="c", workers=workers, channel=entry.channel, remove_offset=entry.remove_offset)
    return build_manifest(utterances, audited, entry, name="c")


class Builder:
    """Builds the manifest of a corpus whose table was changed.

    Attributes:
        counts: of the last manifest.
    """

    def __init__(self, folder: Path, table: pd.DataFrame, entry: Dataset, manifest: Path) -> None:
        self.folder, self.table, self.entry, self.manifest = folder, table, entry, manifest
        self.counts: dict[str, Any] = {}

    def __call__(self, change: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table, **changes: object) -> pd.DataFrame:
        """The manifest after ``change(table)``, by the entry with ``changes``."""
        change(self.table.copy().astype(object)).to_csv(self.manifest, index=False)
        entry = changed(self.entry, **({"manifest": str(self.manifest), "root": str(self.folder)} | changes))
        built, self.counts = build_corpus(entry)
        return built


def put(row: int, column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A change of one cell of a table."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = value
        return table

    return change


FORMATS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "parquet": lambda table, path: table.to_parquet(path, index=False),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
}


def save(table: pd.DataFrame, path: Path) -> str:
    """Write a table in the format that the ending of its path names; returns the path."""
    FORMATS[path.suffix[1:]](table, path)
    return str(path)
