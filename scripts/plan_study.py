"""Say what the study takes: jobs, prompts and hours."""

from pathlib import Path

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.model import Model
from cuealign.reporting.plan import Planned, plan
from cuealign.runtime import job


def main(csv: Path, md: Path, *, planned: list[Planned], datasets: dict[str, Dataset], models: dict[str, Model]) -> None:
    table = plan(Path("results"), planned, datasets, models)
    csv.write_text(table.csv(), encoding="utf-8")
    md.write_text(table.md(), encoding="utf-8")
    print(table.md())


if __name__ == "__main__":
    job.run(main, snakemake)
