"""Read the predictions of one condition from the responses."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cuealign.jobs import job
from cuealign.predictions import predict
from cuealign.questionnaire import answer_parser, label_words, prompt_template
from cuealign.schema import MANIFEST, PREDICTIONS, RESPONSES, read_tokens
from cuealign.splits import select


def main(
    manifest: Path,
    condition: Path,
    responses: Sequence[Path],
    output: Path,
    *,
    split: str,
    splits: dict,
    limit: int | None,
    labels: dict,
    prompt: dict,
    readout: str,
) -> None:
    table = predict(
        select(MANIFEST.read(manifest), splits, split, limit=limit),
        read_tokens(condition),
        pd.concat([RESPONSES.read(path) for path in responses], ignore_index=True),
        prompt_template(prompt),
        label_words(labels),
        answer_parser(labels),
        readout=readout,
    )
    PREDICTIONS.write(table, output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.manifest,
            snakemake.input.condition,
            snakemake.input.responses,
            snakemake.output[0],
            split=snakemake.wildcards.split,
            splits=snakemake.params.splits,
            limit=snakemake.params.limit,
            labels=snakemake.params.labels,
            prompt=snakemake.params.prompt,
            readout=snakemake.params.readout,
        )
