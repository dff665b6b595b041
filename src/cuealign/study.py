"""The results of a study, as tables and figures read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.errors import InputError
from cuealign.schema import MANIFEST, TOKEN_SEQUENCES
from cuealign.statistics.metrics import MEAN

_TEXT = dict.fromkeys(("p", "seed", "intervention", "label", "prediction", "a", "b"), str)


@dataclass(frozen=True)
class Cell:
    """A model on a split of a dataset."""

    dataset: str
    split: str
    model: str


@dataclass(frozen=True)
class Study:
    """Results under a folder, read when asked for.

    Attributes:
        results: the folder.
        cells: what was run, in the grid's order.
        datasets, models: registries of the config.
        confidence: level of the intervals.
    """

    results: Path | str
    cells: Sequence[tuple[str, str, str]]
    datasets: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, Mapping[str, Any]]
    confidence: float = 0.95

    @property
    def level(self) -> str:
        """Level of the intervals in percent, as text."""
        return f"{100 * self.confidence:g}%"

    def select(self, *, dataset: str | None = None, split: str | None = None) -> list[Cell]:
        """Cells of a dataset and split, or all."""
        found = [Cell(*cell) for cell in self.cells]
        return [cell for cell in found if dataset in (None, cell.dataset) and split in (None, cell.split)]

    def cautions(self, *, dataset: str | None = None) -> str:
        """The notes of the datasets that were run, as sentences."""
        named = {cell.dataset: self.datasets[cell.dataset] for cell in self.select(dataset=dataset)}
        return " ".join(f"{entry['title']}: {entry['note']}" for entry in named.values() if entry["note"])

    def metrics(self, cell: Cell, name: str) -> pd.DataFrame:
        """One of the metrics tables of a cell: conditions, comparisons, trend or confusion."""
        path = Path(self.results, "metrics", cell.dataset, cell.split, cell.model, f"{name}.csv")
        try:
            # Only an empty cell is missing: "NA" and "null" may be labels.
            return pd.read_csv(path, dtype=_TEXT, keep_default_na=False, na_values=[""])
        except (OSError, pd.errors.EmptyDataError) as error:
            raise InputError(f"{path}: cannot be read ({error})") from error

    def summary(self, cell: Cell) -> pd.DataFrame:
        """One row per intervention and strength: the mean over seeds where there are several, indexed by both."""
        table = self.metrics(cell, "conditions")
        seeded = table.groupby(["intervention", "p"])["seed"].transform(lambda seeds: (seeds == MEAN).any())
        return table[(table["seed"] == MEAN) | ~seeded].set_index(["intervention", "p"])

    def tokens(self, dataset: str) -> pd.DataFrame:
        """Tokens of all utterances of a dataset, with their labels."""
        folder = Path(self.results, "corpora", dataset)
        manifest, tokens = MANIFEST.read(folder / "manifest.parquet"), TOKEN_SEQUENCES.read(folder / "tokens.parquet")
        return tokens.merge(manifest[["utterance", "label"]], on="utterance", validate="one_to_one")
