"""Extract the descriptor means of every utterance."""

from pathlib import Path

from cuealign.extraction import extract
from cuealign.jobs import job
from cuealign.schema import DESCRIPTOR_MEANS, MANIFEST


def main(manifest: Path, output: Path, *, store: Path, workers: int) -> None:
    DESCRIPTOR_MEANS.write(extract(MANIFEST.read(manifest), store, workers=workers), output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.manifest,
            snakemake.output[0],
            store=snakemake.params.store,
            workers=snakemake.threads,
        )
