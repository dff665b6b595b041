"""Draw one figure and write it as PDF, SVG and PNG, with its caption, its alternative text and its cautions."""

from pathlib import Path
from typing import Any

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.figure_style import FigureStyle
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.model import Model
from cuealign.config.entries.statistics import Statistics
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.figures.drawing import drawn, page_of
from cuealign.reporting.figures.style import save
from cuealign.reporting.results import Results
from cuealign.runtime import job


def main(
    pdf: Path,
    svg: Path,
    png: Path,
    tex: Path,
    json: Path,
    *,
    figure: str,
    scope: dict[str, str],
    options: dict[str, Any],
    width: int | None,
    style: FigureStyle,
    colours: dict[str, str],
    caption: str,
    datasets: dict[str, Dataset],
    models: dict[str, Model],
    experiments: list[Experiment],
    statistics: Statistics,
) -> None:
    results = Results(Path("results"), experiments, datasets, models, statistics)
    page = page_of(style, width or FIGURES.constant(figure, "WIDTHS", (1, 2))[0], colours)
    read = FIGURES.options(figure, options, f"figures.{figure}")
    with drawn(figure, results, page, read, scope, font=style.font, caption=caption) as (picture, text):
        for path in (pdf, svg, png):
            save(picture, path, caption=text.whole)
        json.write_text(text.json(picture), encoding="utf-8")
    tex.write_text(text.tex(pdf.name), encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
