"""Build one table and write it as CSV, LaTeX and Markdown."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cuealign import tables
from cuealign.jobs import job
from cuealign.study import Study


def main(
    name: str, published: Path, outputs: dict[str, Path], *, results: Path, datasets: dict, models: dict, cells: Sequence, confidence: float
) -> None:
    study = Study(results, [tuple(cell) for cell in cells], datasets, models, confidence)
    content = tables.module(name).build(study, pd.read_csv(published, dtype={"model": str}))
    for kind, path in outputs.items():
        Path(path).write_text(getattr(content, kind)(), encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.params.table,
            snakemake.input.published,
            dict(snakemake.output.items()),
            results="results",
            datasets=snakemake.params.datasets,
            models=snakemake.params.models,
            cells=snakemake.params.cells,
            confidence=snakemake.params.confidence,
        )
