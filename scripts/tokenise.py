"""Turn descriptors into concept tokens."""

import json
from pathlib import Path

from cuealign.concepts import ConceptTokenizer
from cuealign.conditions import serialise
from cuealign.jobs import job
from cuealign.prompts import CueBlockTemplate
from cuealign.schema import DESCRIPTOR_MEANS, MANIFEST, TOKEN_SEQUENCES


def main(manifest: Path, descriptors: Path, tokenizer: Path, output: Path, *, cue_block: str) -> None:
    fitted = ConceptTokenizer.from_dict(json.loads(Path(tokenizer).read_text(encoding="utf-8")))
    tokens = fitted.transform(DESCRIPTOR_MEANS.read(descriptors), MANIFEST.read(manifest)["gender"])
    tokens["cue_block"] = serialise(tokens, CueBlockTemplate(cue_block))
    TOKEN_SEQUENCES.write(tokens, output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.manifest,
            snakemake.input.descriptors,
            snakemake.input.tokenizer,
            snakemake.output[0],
            cue_block=snakemake.params.cue_block,
        )
