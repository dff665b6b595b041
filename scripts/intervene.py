"""Perturb the tokens of one condition."""

from pathlib import Path

from cuealign import interventions
from cuealign.conditions import apply
from cuealign.jobs import job
from cuealign.prompts import CueBlockTemplate
from cuealign.schema import MANIFEST, NO_TOKENS, TOKEN_SEQUENCES
from cuealign.splits import select


def main(
    manifest: Path,
    tokens: Path,
    output: Path,
    *,
    intervention: str,
    dataset: str,
    split: str,
    p: str,
    seed: str,
    splits: dict,
    cue_block: str,
    options: dict,
) -> None:
    chosen = select(MANIFEST.read(manifest), splits, split)["utterance"]
    own = TOKEN_SEQUENCES.read(tokens).set_index("utterance").loc[chosen].reset_index()
    template = CueBlockTemplate(cue_block)
    perturbed = apply(intervention, own, template, dataset=dataset, split=split, p=p, seed=seed, options=options)
    kind = TOKEN_SEQUENCES if interventions.get(intervention).has_cue_block else NO_TOKENS
    kind.write(perturbed, output)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.manifest,
            snakemake.input.tokens,
            snakemake.output[0],
            **dict(snakemake.wildcards.items()),
            splits=snakemake.params.splits,
            cue_block=snakemake.params.cue_block,
            options=snakemake.params.options,
        )
