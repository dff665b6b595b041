"""Turn descriptors into concept tokens."""

import json
from pathlib import Path

from cuealign.core.schema import DESCRIPTOR_MEANS, MANIFEST, TOKEN_SEQUENCES
from cuealign.cues.tokenizer import ConceptTokenizer
from cuealign.prompts.cue_blocks import serialise_cue_blocks
from cuealign.prompts.templates import CueBlockTemplate
from cuealign.runtime import job


def main(manifest: Path, descriptors: Path, tokenizer: Path, tokens: Path, *, cue_block: str) -> None:
    fitted = ConceptTokenizer.from_dict(json.loads(tokenizer.read_text(encoding="utf-8")))
    sequences = fitted.transform(DESCRIPTOR_MEANS.read(descriptors), MANIFEST.read(manifest)["gender"])
    sequences["cue_block"] = serialise_cue_blocks(sequences, CueBlockTemplate(cue_block))
    TOKEN_SEQUENCES.write(sequences, tokens)


if __name__ == "__main__":
    job.run(main, snakemake)
