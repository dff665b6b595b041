"""Perturb the tokens of one condition."""

from pathlib import Path
from typing import Any

from cuealign.core.schema import MANIFEST, TOKEN_SEQUENCES, rows_of, tokens_schema
from cuealign.corpora.splits import select_split
from cuealign.interventions.apply import apply_intervention
from cuealign.prompts.templates import CueBlockTemplate
from cuealign.runtime import job


def main(
    manifest: Path,
    tokens: Path,
    perturbed: Path,
    *,
    intervention: str,
    dataset: str,
    split: str,
    p: str,
    seed: str,
    splits: dict[str, list[str]],
    cue_block: str,
    options: dict[str, Any],
) -> None:
    chosen = select_split(MANIFEST.read(manifest), splits, split)["utterance"]
    own = rows_of(TOKEN_SEQUENCES.read(tokens), chosen, tokens)
    template = CueBlockTemplate(cue_block)
    table = apply_intervention(intervention, own, template, dataset=dataset, split=split, p=p, seed=seed, options=options)
    tokens_schema(table).write(table, perturbed)


if __name__ == "__main__":
    job.run(main, snakemake)
