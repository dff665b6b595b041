"""Compute the metrics of one model on one split."""

from collections.abc import Sequence
from pathlib import Path

from cuealign.jobs import job
from cuealign.schema import PREDICTIONS
from cuealign.statistics.metrics import evaluate


def main(
    predictions: Sequence[Path],
    outputs: dict[str, Path],
    *,
    conditions: Sequence[tuple[str, str, str]],
    labels: Sequence[str],
    statistics: dict,
) -> None:
    tables = {tuple(condition): PREDICTIONS.read(path) for condition, path in zip(conditions, predictions, strict=True)}
    metrics = evaluate(tables, labels, **statistics)
    for name, path in outputs.items():
        getattr(metrics, name).to_csv(path, index=False, float_format="%.10g")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            list(snakemake.input),
            dict(snakemake.output.items()),
            conditions=snakemake.params.conditions,
            labels=snakemake.params.labels,
            statistics=snakemake.params.statistics,
        )
