"""Turn descriptors into concept tokens."""

from pathlib import Path

from cuealign.core.schema import DESCRIPTOR_MEANS, MANIFEST, TOKEN_SEQUENCES, rows_of
from cuealign.cues.tokenizer import ConceptTokenizer
from cuealign.prompts.cue_blocks import serialise_cue_blocks
from cuealign.prompts.templates import CueBlockTemplate
from cuealign.runtime import job


def main(manifest: Path, descriptors: Path, tokenizer: Path, tokens: Path, *, cue_block: str) -> None:
    fitted, corpus = ConceptTokenizer.read(tokenizer), MANIFEST.read(manifest)
    sequences = fitted.transform(rows_of(DESCRIPTOR_MEANS.read(descriptors), corpus["utterance"], descriptors), corpus["gender"])
    sequences["cue_block"] = serialise_cue_blocks(sequences, CueBlockTemplate(cue_block))
    TOKEN_SEQUENCES.write(sequences, tokens)


if __name__ == "__main__":
    job.run(main, snakemake)
