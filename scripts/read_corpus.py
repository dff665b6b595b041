"""Read the description of a corpus and check it."""

from collections.abc import Sequence
from pathlib import Path

from cuealign.corpora import readers
from cuealign.corpora.description import describe
from cuealign.jobs import job
from cuealign.schema import UTTERANCES


def main(sources: Sequence[str], output: Path, *, name: str, dataset: dict) -> None:
    raw = readers.module(dataset["reader"]).read(dataset, sources)
    UTTERANCES.write(describe(raw, dataset, name=name), output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            list(snakemake.input),
            snakemake.output[0],
            name=snakemake.wildcards.dataset,
            dataset=snakemake.params.dataset,
        )
