"""Decode every utterance of a corpus and write down what its sound is like."""

from pathlib import Path

from cuealign.core import audio
from cuealign.core.schema import UTTERANCES
from cuealign.corpora import audit
from cuealign.runtime import job


def main(utterances: Path, audited: Path, *, dataset: str, store: Path, channel: audio.Channel, remove_offset: bool, threads: int) -> None:
    table = UTTERANCES.read(utterances)
    audit.write(audit.probe(table, name=dataset, workers=threads, store=store, channel=channel, remove_offset=remove_offset), audited)


if __name__ == "__main__":
    job.run(main, snakemake)
