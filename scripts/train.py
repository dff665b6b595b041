"""Train a model of the workflow's own."""

from pathlib import Path

import pandas as pd

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.model import Training
from cuealign.config.entries.prompts import Prompt
from cuealign.core.schema import MANIFEST, TOKEN_SEQUENCES, rows_of
from cuealign.corpora.splits import select_split
from cuealign.cues.descriptor_store import known_descriptors
from cuealign.models import trained_sounds
from cuealign.models.training import RECIPES
from cuealign.prompts.labels import label_words
from cuealign.prompts.templates import CueBlockTemplate, parse_template
from cuealign.runtime import job


def main(
    manifest: Path,
    tokens: Path,
    checkpoint: Path,
    *,
    training: Training,
    splits: dict[str, list[str]],
    answers: dict[str, Answer],
    instruction: Prompt,
    cue_block: str,
    descriptors: Path,
) -> None:
    corpus, sequences = MANIFEST.read(manifest), TOKEN_SEQUENCES.read(tokens)

    def examples(split: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        chosen = select_split(corpus, splits, split)
        return chosen, rows_of(sequences, chosen["utterance"], tokens)

    utterances, own = examples(training.split)
    calibration = {} if training.calibration_split is None else {"calibration": examples(training.calibration_split)}
    template, labels = parse_template(instruction.text, CueBlockTemplate(cue_block), instruction.words), label_words(answers)
    options = RECIPES.options(training.recipe, training.options, "training.options")
    with known_descriptors(descriptors):
        RECIPES.get(training.recipe)(utterances, own, template, labels, checkpoint, options=options, **calibration)
    trained_sounds.keep(checkpoint, utterances["audio_sha256"])


if __name__ == "__main__":
    job.run(main, snakemake)
