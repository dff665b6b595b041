"""Measure how much the cues move one model on one split, how it reads them, and judge its use of them."""

import json
from pathlib import Path

import pandas as pd

from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.statistics import Statistics
from cuealign.core.schema import PREDICTIONS, read_tokens
from cuealign.evaluation.evaluation import Condition, Evaluation
from cuealign.evaluation.grounding import tables
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.trials import of_utterances, trials
from cuealign.evaluation.grounding.verdict import verdict
from cuealign.evaluation.model_checks import noise_floor
from cuealign.runtime import job


def main(
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
    conditions: list[Condition],
    with_block: list[Condition],
    listened: list[tuple[str, str, str, str]],
    labels: list[str],
    statistics: Statistics,
    judgement: Judgement,
) -> None:
    tokens = {condition: read_tokens(path) for condition, path in zip(with_block, blocks, strict=True)}
    own = {condition: PREDICTIONS.read(path) for condition, path in zip(conditions, predictions, strict=True)}
    utterances = list(next(iter(own.values()))["utterance"])
    heard: dict[str, dict[Condition, pd.DataFrame]] = {}
    for (hears, *condition), path in zip(listened, listeners, strict=True):
        heard.setdefault(hears, {})[tuple(condition)] = PREDICTIONS.read(path)

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
    found = verdict(grounding, judgement.margins, noise_floor(pd.read_csv(checks)))
    judged.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
