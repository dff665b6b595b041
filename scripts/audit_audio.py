"""Hear every utterance of a corpus."""

from pathlib import Path

from cuealign.corpora import audit
from cuealign.jobs import job
from cuealign.schema import UTTERANCES


def main(utterances: Path, output: Path, *, name: str, workers: int) -> None:
    audit.write(audit.listen(UTTERANCES.read(utterances), name=name, workers=workers), output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output[0],
            name=snakemake.wildcards.dataset,
            workers=snakemake.threads,
        )
