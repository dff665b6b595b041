"""Summarise the checks of one model on one split."""

from pathlib import Path

from cuealign.core.plain_files import read_csv, read_json
from cuealign.core.schema import MANIFEST
from cuealign.corpora.splits import select_split
from cuealign.evaluation import model_checks
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.columns import FOUND_BY_JOBS, KEYS, TEXT
from cuealign.evaluation.predictions import read_predictions
from cuealign.runtime import job


def main(
    manifest: Path,
    predictions: list[Path],
    checks: list[Path],
    comparisons: list[Path],
    summary: Path,
    *,
    split: str,
    splits: dict[str, list[str]],
    limit: int | None,
    labels: list[str],
) -> None:
    asked = select_split(MANIFEST.read(manifest), splits, split, limit=limit)
    found = [read_json(path, FOUND_BY_JOBS) for path in checks]
    columns = ANALYSES.constant("comparisons", "COLUMNS")
    differences = read_csv(comparisons[0], columns=columns, text=TEXT, key=KEYS["comparisons"]) if comparisons else None
    table = model_checks.summarise([read_predictions(path, asked, labels) for path in predictions], found, labels, differences)
    table.to_csv(summary, index=False, float_format="%.10g")


if __name__ == "__main__":
    job.run(main, snakemake)
