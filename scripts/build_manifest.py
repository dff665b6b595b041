"""Read a corpus, check it, and write its manifest."""

from collections.abc import Sequence
from pathlib import Path

from cuealign.corpora import gate, reader_module
from cuealign.jobs import job
from cuealign.schema import MANIFEST


def main(sources: Sequence[str], output: Path, *, name: str, dataset: dict, workers: int) -> None:
    raw = reader_module(dataset["reader"]).read(dataset, sources)
    MANIFEST.write(gate.build(raw, dataset, name=name, workers=workers), output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            list(snakemake.input),
            snakemake.output[0],
            name=snakemake.wildcards.dataset,
            dataset=snakemake.params.dataset,
            workers=snakemake.threads,
        )
