"""Compare the models on one split with each other."""

from pathlib import Path

from cuealign.config.entries.statistics import Statistics
from cuealign.core.schema import PREDICTIONS
from cuealign.evaluation import model_pairs
from cuealign.evaluation.evaluation import Evaluation
from cuealign.runtime import job


def main(
    predictions: list[Path],
    compared: Path,
    *,
    runs: list[tuple[str, str, str, str]],
    labels: list[str],
    statistics: Statistics,
) -> None:
    tables: dict[str, dict[tuple[str, str, str], object]] = {}
    for (model, *condition), path in zip(runs, predictions, strict=True):
        tables.setdefault(model, {})[tuple(condition)] = PREDICTIONS.read(path)
    found = model_pairs.compare({model: Evaluation(of_model, labels, statistics) for model, of_model in tables.items()})
    found.to_csv(compared, index=False, float_format="%.10g")


if __name__ == "__main__":
    job.run(main, snakemake)
