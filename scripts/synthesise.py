"""Synthesise the embedded corpus."""

from pathlib import Path

from cuealign.corpora import emosynth
from cuealign.jobs import job


def main(sentences: Path, manifest: Path, audio: Path, *, settings: dict, workers: int) -> None:
    texts = Path(sentences).read_text(encoding="utf-8").splitlines()
    table = emosynth.synthesise(Path(audio), texts, **settings, workers=workers)
    table.to_csv(manifest, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.sentences,
            snakemake.output.manifest,
            snakemake.output.audio,
            settings=dict(snakemake.params.emosynth),
            workers=snakemake.threads,
        )
