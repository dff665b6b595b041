"""A study of any number of models, labels and speakers, with any names, whose answers are drawn at random around a known rule."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.model import Model
from cuealign.config.entries.statistics import Statistics
from cuealign.config.settings import ANALYSES
from cuealign.core.schema import MANIFEST, PREDICTIONS, TOKEN_SEQUENCES, tokens_schema
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.interventions.apply import apply_intervention
from cuealign.reporting.results import Results
from tests.support import ROOT
from tests.support.prompts import TEMPLATE, random_tokens

sys.path.append(str(ROOT / "scripts"))
import compare_models
import evaluate
import measure_grounding
import summarise_checks

SEEDS, STRENGTHS = ("0", "1"), ("0.2", "0.6", "1.0")
CONDITIONS = [
    ("none", "0", "0"),
    ("correct", "0", "0"),
    *(("shuffle", "0", seed) for seed in SEEDS),
    ("conflict", "0", "0"),
    *(("corrupt", p, seed) for p in STRENGTHS for seed in SEEDS),
]
_COUNTS = {
    **{key: {} for key in ("left_out", "drawn", "unused_splits", "rates", "channels")},
    **{key: [] for key in ("excluded", "same_sound", "not_as_published")},
    **dict.fromkeys(("silent", "clipped", "overlaps", "without_speaker", "soft_channel", "cancelled", "offset"), 0),
}


def study(
    folder: Path,
    dataset: Dataset,
    models: dict[str, Model],
    *,
    speakers: int = 8,
    per_label: int = 4,
    conditions: Sequence[tuple[str, str, str]] = CONDITIONS,
    statistics: Statistics | None = None,
    sounds_cut: int = 0,
    silent_labels: Sequence[str] = (),
) -> Results:
    """Make the results of a study of one split, ``test``, of the dataset ``made``.

    Args:
        folder: of the results.
        dataset, models: entries of the config, with the names to show. Models differ in how much they read the cues.
        speakers, per_label: size; every speaker has as many utterances of every label.
        conditions: that are run.
        statistics: of the analyses; few resamples by default.
        sounds_cut: number of sounds that every model's limit cut.
        silent_labels: those that no utterance has.
    """
    dataset = dataset.model_copy(update={"splits": {"test": ["test"]}})
    rng, statistics = np.random.default_rng(1), statistics or Statistics(resamples=200)
    labels = dataset.labels
    rows = [
        (f"s{speaker}", label) for speaker in range(speakers) for label in labels if label not in silent_labels for _ in range(per_label)
    ]
    utterances = [f"u{number:04d}" for number in range(len(rows))]
    manifest = pd.DataFrame(rows, columns=["speaker", "label"]).assign(
        utterance=utterances, file="x.wav", start=0.0, end=1.0, gender="female", language="eng", split="test", session="", duration=1.0,
        channel="mean", remove_offset=False, audio_sha256="0",
    )  # fmt: skip
    corpus = folder / "corpora/made"
    MANIFEST.write(manifest, corpus / "manifest.parquet")
    (corpus / "counts.json").write_text(json.dumps(_COUNTS | {"rows": len(rows)}), encoding="utf-8")
    own = random_tokens(utterances)
    TOKEN_SEQUENCES.write(own, corpus / "tokens.parquet")

    blocks, paths = {}, {}
    for intervention, p, seed in conditions:
        table = apply_intervention(intervention, own, TEMPLATE.cue_block, dataset="made", split="test", p=p, seed=seed)
        paths[intervention, p, seed] = folder / f"interventions/made/test/{intervention}/p{p}/seed{seed}.parquet"
        blocks[intervention, p, seed] = table
        if intervention != "none":
            tokens_schema(table).write(table, paths[intervention, p, seed])
    gold = np.array([labels.index(label) for _, label in rows])
    heard = 1.5 * np.eye(len(labels))[gold] + rng.normal(0, 1, (len(rows), len(labels)))
    effects = {concept: rng.normal(0, 0.7, (len(TOKENS[concept]), len(labels))) for concept in CONCEPTS}
    with_block = [condition for condition in conditions if condition[0] != "none"]
    answered: dict[str, dict[tuple[str, str, str], Path]] = {}
    for number, name in enumerate(models):
        weight = number / max(1, len(models) - 1)
        answered[name] = {}
        for condition in conditions:
            scores = heard.copy()
            if condition[0] != "none":
                for concept in CONCEPTS:
                    scores += weight * effects[concept][blocks[condition][concept].map(list(TOKENS[concept]).index).to_numpy()]
            scores -= np.logaddexp.reduce(scores, axis=1, keepdims=True)
            chosen = [labels[best] for best in scores.argmax(axis=1)]
            table = manifest[["utterance", "speaker", "session", "label"]].assign(answer=chosen, cut=False, prediction=chosen)
            path = folder.joinpath("predictions", name, *condition).with_suffix(".parquet")
            PREDICTIONS.write(table.assign(**{f"logprob_{label}": scores[:, i] for i, label in enumerate(labels)}), path)
            answered[name][condition] = path
    described, part = corpus / "manifest.parquet", {"split": "test", "splits": dataset.splits}
    for name, files in answered.items():
        metrics = folder / f"metrics/made/test/{name}"
        metrics.mkdir(parents=True)
        evaluate.main(
            described, list(files.values()), [metrics / f"{analysis}.csv" for analysis in ANALYSES], conditions=list(files), labels=labels,
            **part, limit=None, statistics=statistics, analyses={analysis: {} for analysis in ANALYSES},
        )  # fmt: skip
        job = metrics / "job.json"
        job.write_text(json.dumps({"tensors_placed": 7, "sounds": len(rows), "sounds_cut": sounds_cut}), encoding="utf-8")
        summarise_checks.main(
            described, list(files.values()), [job], [metrics / "comparisons.csv"], metrics / "checks.csv", **part, limit=None, labels=labels
        )
        measure_grounding.main(
            described, list(files.values()), [paths[condition] for condition in with_block], [], metrics / "checks.csv",
            *(metrics / f"{table}.csv" for table in ("reliance", "reading", "interactions", "speakers")), metrics / "verdict.json",
            conditions=list(files), with_block=with_block, listened=[], **part, labels=labels, statistics=statistics, judgement=Judgement(),
        )  # fmt: skip
    compared = [condition for condition in conditions if condition[0] in ("none", "correct", "shuffle")]
    compare_models.main(
        described,
        [answered[name][condition] for name in models for condition in compared],
        [paths[condition] for condition in compared if condition[0] != "none"],
        folder / "metrics/made/test/models.csv",
        **part,
        runs=[(name, *condition) for name in models for condition in compared],
        with_block=[condition for condition in compared if condition[0] != "none"],
        labels=labels,
        statistics=statistics,
    )
    return Results(folder, [Experiment("made", "test", name) for name in models], {"made": dataset}, models, statistics)
