"""Build one table and write it as CSV, LaTeX, Markdown and JSON."""

import io
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.model import Model
from cuealign.config.entries.statistics import Statistics
from cuealign.reporting.results import Results
from cuealign.reporting.tables import TABLES
from cuealign.runtime import job


def main(
    csv: Path,
    tex: Path,
    md: Path,
    json: Path,
    *,
    table: str,
    options: dict[str, Any],
    datasets: dict[str, Dataset],
    models: dict[str, Model],
    experiments: list[Experiment],
    statistics: Statistics,
    deviations: dict[str, dict[str, list[str]]],
    published: str,
) -> None:
    results = Results(Path("results"), experiments, datasets, models, statistics, deviations)
    theirs = pd.read_csv(io.StringIO(published), dtype={"model": str, "p": str}, keep_default_na=False, na_values={"value": [""]})
    content = TABLES.get(table)(results, theirs, TABLES.options(table, options, f"tables.{table}"))
    csv.write_text(content.csv(), encoding="utf-8")
    tex.write_text(content.tex(label=f"tab:{table}"), encoding="utf-8")
    md.write_text(content.md(), encoding="utf-8")
    json.write_text(content.json(), encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
