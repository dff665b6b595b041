"""Answer all conditions of a shard's utterances with a model that is loaded once."""

import json
from pathlib import Path

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.model import Model
from cuealign.config.entries.prompts import Prompt
from cuealign.core.plain_files import write_whole
from cuealign.core.schema import MANIFEST, RESPONSES, read_tokens
from cuealign.corpora.splits import select_split
from cuealign.cues.descriptor_store import known_descriptors
from cuealign.inference.respond import respond
from cuealign.models import trained_sounds
from cuealign.prompts.answers import answer_parser
from cuealign.prompts.labels import label_words
from cuealign.prompts.templates import CueBlockTemplate, parse_template
from cuealign.runtime import gpu_lock, job


def main(
    manifest: Path,
    conditions: list[Path],
    responses: Path,
    checks: Path,
    *,
    model: str,
    entry: Model,
    split: str,
    splits: dict[str, list[str]],
    limit: int | None,
    shard: int,
    answers: dict[str, Answer],
    instruction: Prompt,
    cue_block: str,
    store: Path,
    descriptors: Path,
    report: Path,
) -> None:
    utterances = select_split(MANIFEST.read(manifest), splits, split, limit=limit)
    trained_sounds.refuse(entry.path, utterances, model=model)
    template, labels = parse_template(instruction.text, CueBlockTemplate(cue_block), instruction.words), label_words(answers)
    with gpu_lock.device(entry.device) as device, known_descriptors(descriptors):
        entry = entry.model_copy(update={"device": device})
        tables = [read_tokens(path) for path in conditions]
        parse = answer_parser(answers)
        table, figures, found = respond(
            utterances, tables, labels, template, entry=entry, name=model, parse=parse, shard=shard, store=store
        )
    RESPONSES.write(table, responses)
    checks.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_whole(json.dumps(figures, indent=1) + "\n", report)


if __name__ == "__main__":
    job.run(main, snakemake)
