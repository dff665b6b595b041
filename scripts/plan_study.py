"""Say what the study takes: jobs, prompts and hours."""

from pathlib import Path

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.model import Model
from cuealign.reporting.plan import Planned, lacking, plan
from cuealign.runtime import job


def main(
    csv: Path,
    md: Path,
    *,
    planned: list[Planned],
    datasets: dict[str, Dataset],
    models: dict[str, Model],
    gpus: list[str],
    missing: list[str],
) -> None:
    table = plan(Path("results"), planned, datasets, models, gpus=gpus)
    csv.write_text(table.csv(), encoding="utf-8")
    md.write_text(table.md() + lacking(missing), encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
