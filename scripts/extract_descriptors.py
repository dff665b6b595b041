"""Extract the descriptor means of every utterance."""

from pathlib import Path

from cuealign.descriptors import extract
from cuealign.jobs import job
from cuealign.schema import DESCRIPTOR_MEANS, MANIFEST


def main(manifest: Path, output: Path, *, voiced_mean: bool, workers: int) -> None:
    DESCRIPTOR_MEANS.write(extract(MANIFEST.read(manifest), voiced_mean=voiced_mean, workers=workers), output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.manifest,
            snakemake.output[0],
            voiced_mean=snakemake.params.voiced_mean,
            workers=snakemake.threads,
        )
