"""Summarise the checks of one model on one split."""

import json
from pathlib import Path

import pandas as pd

from cuealign.core.schema import PREDICTIONS
from cuealign.evaluation import model_checks
from cuealign.runtime import job


def main(predictions: list[Path], checks: list[Path], comparisons: list[Path], summary: Path, *, labels: list[str]) -> None:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in checks]
    differences = pd.read_csv(comparisons[0]) if comparisons else None
    table = model_checks.summarise([PREDICTIONS.read(path) for path in predictions], found, labels, differences)
    table.to_csv(summary, index=False, float_format="%.10g")


if __name__ == "__main__":
    job.run(main, snakemake)
