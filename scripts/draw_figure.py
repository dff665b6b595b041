"""Draw one figure and write it as PDF, SVG and PNG."""

from pathlib import Path
from typing import Any

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.model import Model
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.figures.style import save, styled
from cuealign.reporting.results import Results
from cuealign.runtime import job


def main(
    pdf: Path,
    svg: Path,
    png: Path,
    *,
    figure: str,
    scope: dict[str, str],
    options: dict[str, Any],
    caption: str,
    datasets: dict[str, Dataset],
    models: dict[str, Model],
    experiments: list[Experiment],
    confidence: float,
) -> None:
    results = Results(Path("results"), experiments, datasets, models, confidence)
    with styled():
        drawn = FIGURES.get(figure)(results, FIGURES.options(figure, options, f"figures.{figure}"), **scope)
        for path in (pdf, svg, png):
            save(drawn, path, caption=caption)


if __name__ == "__main__":
    job.run(main, snakemake)
