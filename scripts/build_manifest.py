"""Put what a corpus says and what was heard together: its manifest, and the counts of what is not in it."""

import json
from pathlib import Path

from cuealign.corpora import audit, gate
from cuealign.jobs import job
from cuealign.schema import MANIFEST, UTTERANCES


def main(utterances: Path, heard: Path, manifest: Path, counts: Path, *, name: str, dataset: dict, on_bad_audio: str) -> None:
    built, counted = gate.build(UTTERANCES.read(utterances), audit.read(heard), dataset, name=name, on_bad_audio=on_bad_audio)
    MANIFEST.write(built, manifest)
    Path(counts).write_text(json.dumps(counted, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.utterances,
            snakemake.input.audit,
            snakemake.output.manifest,
            snakemake.output.counts,
            name=snakemake.wildcards.dataset,
            dataset=snakemake.params.dataset,
            on_bad_audio=snakemake.params.on_bad_audio,
        )
