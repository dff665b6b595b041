"""Compute the metrics of one model on one split."""

from pathlib import Path
from typing import Any

from cuealign.config.entries.statistics import Statistics
from cuealign.core.schema import MANIFEST
from cuealign.corpora.splits import select_split
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.evaluation import Evaluation
from cuealign.evaluation.predictions import read_predictions
from cuealign.runtime import job


def main(
    manifest: Path,
    predictions: list[Path],
    metrics: list[Path],
    *,
    split: str,
    splits: dict[str, list[str]],
    limit: int | None,
    conditions: list[tuple[str, str, str]],
    labels: list[str],
    statistics: Statistics,
    analyses: dict[str, dict[str, Any]],
) -> None:
    asked = select_split(MANIFEST.read(manifest), splits, split, limit=limit)
    tables = {condition: read_predictions(path, asked, labels) for condition, path in zip(conditions, predictions, strict=True)}
    evaluation = Evaluation(tables, labels, statistics)
    evaluation.warn()
    for (name, options), path in zip(analyses.items(), metrics, strict=True):
        table = ANALYSES.get(name)(evaluation, ANALYSES.options(name, options, f"analyses.{name}"))
        table.to_csv(path, index=False, float_format="%.10g")


if __name__ == "__main__":
    job.run(main, snakemake)
