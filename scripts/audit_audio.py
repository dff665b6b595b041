"""Decode every utterance of a corpus and write down what its sound is like."""

from pathlib import Path

from cuealign.core.schema import UTTERANCES
from cuealign.corpora import audit
from cuealign.runtime import job


def main(utterances: Path, audited: Path, *, dataset: str, threads: int) -> None:
    audit.write(audit.probe(UTTERANCES.read(utterances), name=dataset, workers=threads), audited)


if __name__ == "__main__":
    job.run(main, snakemake)
