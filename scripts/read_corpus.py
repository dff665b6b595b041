"""Read the description of a corpus and check it."""

from pathlib import Path

from cuealign.config.entries.dataset import Dataset
from cuealign.core.schema import UTTERANCES
from cuealign.corpora.checks import check_description
from cuealign.corpora.readers import READERS
from cuealign.runtime import job


def main(sources: list[str], utterances: Path, *, dataset: str, entry: Dataset) -> None:
    raw = READERS.get(entry.reader)(entry, sources)
    UTTERANCES.write(check_description(raw, entry, name=dataset), utterances)


if __name__ == "__main__":
    job.run(main, snakemake)
