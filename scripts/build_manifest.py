"""Build the manifest of a corpus from its description and its audit, and count what is not in it."""

import json
from pathlib import Path

from cuealign.config.entries.dataset import Dataset
from cuealign.core.schema import MANIFEST, UTTERANCES
from cuealign.corpora import audit
from cuealign.corpora.manifests import build_manifest
from cuealign.runtime import job


def main(utterances: Path, audited: Path, manifest: Path, counts: Path, *, dataset: str, entry: Dataset) -> None:
    built, counted = build_manifest(UTTERANCES.read(utterances), audit.read(audited), entry, name=dataset)
    MANIFEST.write(built, manifest)
    counts.write_text(json.dumps(counted, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
