"""Read the predictions of one condition from the responses."""

from pathlib import Path

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.prompts import Prompt
from cuealign.core.schema import MANIFEST, PREDICTIONS, read_tokens
from cuealign.corpora.splits import select_split
from cuealign.evaluation.predictions import predict, read_responses
from cuealign.prompts.answers import answer_parser
from cuealign.prompts.labels import label_words
from cuealign.prompts.templates import CueBlockTemplate, parse_template
from cuealign.runtime import job


def main(
    manifest: Path,
    condition: Path,
    responses: list[Path],
    predictions: Path,
    *,
    split: str,
    splits: dict[str, list[str]],
    limit: int | None,
    answers: dict[str, Answer],
    instruction: Prompt,
    cue_block: str,
    readout: str,
) -> None:
    table = predict(
        select_split(MANIFEST.read(manifest), splits, split, limit=limit),
        read_tokens(condition),
        read_responses(responses),
        parse_template(instruction.text, CueBlockTemplate(cue_block), instruction.words),
        label_words(answers),
        answer_parser(answers),
        readout=readout,
    )
    PREDICTIONS.write(table, predictions)


if __name__ == "__main__":
    job.run(main, snakemake)
