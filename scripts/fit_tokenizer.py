"""Learn standardisation and edges of the concept tokens."""

import json
from pathlib import Path

from cuealign.jobs import job
from cuealign.schema import DESCRIPTOR_MEANS, MANIFEST
from cuealign.tokenisation import fit


def main(manifest: Path, descriptors: Path, output: Path, *, options: dict, splits: dict) -> None:
    tokenizer = fit(DESCRIPTOR_MEANS.read(descriptors), MANIFEST.read(manifest), options, splits)
    Path(output).write_text(json.dumps(tokenizer.to_dict(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.manifest,
            snakemake.input.descriptors,
            snakemake.output[0],
            options=snakemake.params.tokens,
            splits=snakemake.params.splits,
        )
