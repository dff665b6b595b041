"""Learn standardisation and edges of the concept tokens."""

import json
from pathlib import Path

from cuealign.config.entries.dataset import TokenOptions
from cuealign.core.schema import DESCRIPTOR_MEANS, MANIFEST, rows_of
from cuealign.cues.fitting import fit_tokenizer
from cuealign.runtime import job


def main(manifest: Path, descriptors: Path, tokenizer: Path, *, tokens: TokenOptions, splits: dict[str, list[str]]) -> None:
    corpus = MANIFEST.read(manifest)
    fitted = fit_tokenizer(rows_of(DESCRIPTOR_MEANS.read(descriptors), corpus["utterance"], descriptors), corpus, tokens, splits)
    tokenizer.write_text(json.dumps(fitted.to_dict(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
