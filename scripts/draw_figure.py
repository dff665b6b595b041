"""Draw one figure and write it as PDF, SVG and PNG."""

from collections.abc import Sequence
from pathlib import Path

from cuealign import figures
from cuealign.figures.style import save, styled
from cuealign.jobs import job
from cuealign.study import Study


def main(
    figure: str,
    scope: dict[str, str],
    outputs: Sequence[Path],
    *,
    results: Path,
    datasets: dict,
    models: dict,
    cells: Sequence,
    confidence: float,
) -> None:
    study = Study(results, [tuple(cell) for cell in cells], datasets, models, confidence)
    with styled():
        drawn = figures.module(figure).draw(study, **scope)
        for path in outputs:
            save(drawn, path)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.params.figure,
            dict(snakemake.params.scope),
            list(snakemake.output),
            results="results",
            datasets=snakemake.params.datasets,
            models=snakemake.params.models,
            cells=snakemake.params.cells,
            confidence=snakemake.params.confidence,
        )
