"""Measure how much the cues move one model on one split, how it reads them, and judge its use of them."""

import json
from pathlib import Path

import pandas as pd

from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.statistics import Statistics
from cuealign.core.plain_files import read_csv
from cuealign.core.schema import MANIFEST, read_tokens
from cuealign.corpora.splits import select_split
from cuealign.evaluation.columns import CHECKS, KEYS, TEXT
from cuealign.evaluation.evaluation import Condition, Evaluation
from cuealign.evaluation.grounding import tables
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.trials import of_utterances, trials
from cuealign.evaluation.grounding.verdict import verdict
from cuealign.evaluation.model_checks import noise_floor
from cuealign.evaluation.predictions import read_predictions
from cuealign.runtime import job


def main(
    manifest: Path,
    predictions: list[Path],
    blocks: list[Path],
    listeners: list[Path],
    checks: Path,
    reliance: Path,
    reading: Path,
    interactions: Path,
    speakers: Path,
    judged: Path,
    *,
    split: str,
    splits: dict[str, list[str]],
    conditions: list[Condition],
    with_block: list[Condition],
    listened: list[tuple[str, str, str, str]],
    labels: list[str],
    statistics: Statistics,
    judgement: Judgement,
) -> None:
    tokens = {condition: read_tokens(path) for condition, path in zip(with_block, blocks, strict=True)}
    asked = select_split(MANIFEST.read(manifest), splits, split)
    own = {condition: read_predictions(path, asked, labels, whole=False) for condition, path in zip(conditions, predictions, strict=True)}
    utterances = list(next(iter(own.values()))["utterance"])
    heard: dict[str, dict[Condition, pd.DataFrame]] = {}
    for (hears, *condition), path in zip(listened, listeners, strict=True):
        heard.setdefault(hears, {})[tuple(condition)] = read_predictions(path, asked, labels, whole=False)

    evaluation = Evaluation(own, labels, statistics)
    rulers = {hears: Evaluation(found, labels, statistics) for hears, them in heard.items() if (found := of_utterances(them, utterances))}
    grounding = Grounding(trials(evaluation, tokens), {hears: trials(ruler, tokens) for hears, ruler in rulers.items()}, judgement.towards)

    confidence = statistics.confidence
    for path, table in (
        (reliance, tables.reliance(grounding, confidence)),
        (reading, tables.reading(grounding, confidence)),
        (interactions, tables.interactions(grounding, confidence)),
        (speakers, tables.speakers(grounding, evaluation.speakers)),
    ):
        table.to_csv(path, index=False, float_format="%.10g")
    found = verdict(
        grounding, judgement.margins, noise_floor(read_csv(checks, columns=CHECKS, text=TEXT, key=KEYS["checks"], may_be_empty=False))
    )
    judged.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
