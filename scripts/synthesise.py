"""Synthesise the embedded corpus."""

from pathlib import Path

from cuealign.config.entries.emosynth import Emosynth
from cuealign.corpora.emosynth.corpus import synthesise
from cuealign.runtime import job


def main(manifest: Path, audio: Path, *, corpus: Emosynth, sentences: list[str], threads: int) -> None:
    synthesise(audio, sentences, corpus, workers=threads).to_csv(manifest, index=False)


if __name__ == "__main__":
    job.run(main, snakemake)
