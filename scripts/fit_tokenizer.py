"""Learn standardisation and edges of the concept tokens."""

import json
from pathlib import Path

from cuealign.concepts import ConceptTokenizer
from cuealign.jobs import job
from cuealign.schema import DESCRIPTOR_MEANS, MANIFEST


def main(manifest: Path, descriptors: Path, output: Path, *, options: dict, splits: dict) -> None:
    speakers, means = MANIFEST.read(manifest), DESCRIPTOR_MEANS.read(descriptors)
    if options["fit_on"] != "all":
        chosen = speakers["split"].isin(splits[options["fit_on"]])
        speakers, means = speakers[chosen].reset_index(drop=True), means[chosen.to_numpy()].reset_index(drop=True)
    tokenizer = ConceptTokenizer(
        gender_specific=options["gender_specific"],
        signed_brightness=options["signed_brightness"],
        voice_quality=options["voice_quality"],
    ).fit(means, speakers["gender"])
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
