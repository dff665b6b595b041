"""Extract the descriptor means of every utterance."""

from pathlib import Path

from cuealign.core.schema import DESCRIPTOR_MEANS, MANIFEST
from cuealign.cues.extraction import extract
from cuealign.runtime import job


def main(manifest: Path, descriptors: Path, *, store: Path, threads: int) -> None:
    DESCRIPTOR_MEANS.write(extract(MANIFEST.read(manifest), store, workers=threads), descriptors)


if __name__ == "__main__":
    job.run(main, snakemake)
