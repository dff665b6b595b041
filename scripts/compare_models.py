"""Compare the models on one split with each other."""

from pathlib import Path

import pandas as pd

from cuealign.config.entries.statistics import Statistics
from cuealign.core.schema import MANIFEST, read_tokens
from cuealign.corpora.splits import select_split
from cuealign.evaluation import model_pairs
from cuealign.evaluation.evaluation import Condition, Evaluation
from cuealign.evaluation.predictions import read_predictions
from cuealign.runtime import job


def main(
    manifest: Path,
    predictions: list[Path],
    blocks: list[Path],
    compared: Path,
    *,
    split: str,
    splits: dict[str, list[str]],
    runs: list[tuple[str, str, str, str]],
    with_block: list[Condition],
    labels: list[str],
    statistics: Statistics,
) -> None:
    tokens = {condition: read_tokens(path) for condition, path in zip(with_block, blocks, strict=True)}
    asked = select_split(MANIFEST.read(manifest), splits, split)
    tables: dict[str, dict[Condition, pd.DataFrame]] = {}
    for (model, *condition), path in zip(runs, predictions, strict=True):
        tables.setdefault(model, {})[tuple(condition)] = read_predictions(path, asked, labels, whole=False)
    found = model_pairs.compare({model: Evaluation(of_model, labels, statistics) for model, of_model in tables.items()}, tokens)
    found.to_csv(compared, index=False, float_format="%.10g")


if __name__ == "__main__":
    job.run(main, snakemake)
