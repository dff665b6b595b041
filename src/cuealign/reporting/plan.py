"""What a study will take, before it is submitted: jobs, prompts and hours, model by model."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.model import Model
from cuealign.core.schema import MANIFEST, read_tokens
from cuealign.corpora.splits import select_split
from cuealign.reporting.tables.content import TableContent

_FULL = 0.8
"""A job that takes more than this share of its time limit is advised to be split, into shards that take half of the share."""


@dataclass(frozen=True)
class Planned:
    """An experiment to come.

    Attributes:
        experiment: the model on a split of a dataset.
        limit: utterances that are asked, None for all.
        conditions: (intervention, p, seed) of each run.
    """

    experiment: Experiment
    limit: int | None
    conditions: tuple[tuple[str, str, str], ...]


def plan(results: Path, planned: Sequence[Planned], datasets: Mapping[str, Dataset], models: Mapping[str, Model]) -> TableContent:
    """What a study will take.

    Args:
        results: folder with the manifests and interventions of the study, and the figures of jobs that ran here, if any did.
        planned: what will be run.
        datasets, models: registries of the config.
    """
    rows, counted = [], {}
    for one in planned:
        experiment, key = one.experiment, (one.experiment.dataset, one.experiment.split, one.limit, one.conditions)
        if key not in counted:  # most models are asked the same
            counted[key] = _count(results, one, datasets[experiment.dataset])
        utterances, prompts = counted[key]
        rows.append(
            job_row(
                dataset=experiment.dataset,
                split=experiment.split,
                model=experiment.model,
                entry=models[experiment.model],
                utterances=utterances,
                prompts=prompts,
                figures=_measured(results, experiment),
            )
        )
    return content(rows, datasets, models)


def _count(results: Path, one: Planned, dataset: Dataset) -> tuple[int, int]:
    """Utterances that are asked, and their distinct prompts."""
    manifest = MANIFEST.read(results / f"corpora/{one.experiment.dataset}/manifest.parquet")
    asked = select_split(manifest, dataset.splits, one.experiment.split, limit=one.limit)["utterance"]
    folder = results / f"interventions/{one.experiment.dataset}/{one.experiment.split}"
    tables = [read_tokens(folder / f"{intervention}/p{p}/seed{seed}.parquet") for intervention, p, seed in one.conditions]
    return len(asked), prompts_of(asked, tables)


def _measured(results: Path, experiment: Experiment) -> list[dict]:
    """Figures of the model's earlier jobs: on this split if there are any, else on others."""
    folder = results / "benchmarks/respond"
    for pattern in (f"{experiment}/*.report.json", f"*/*/{experiment.model}/*.report.json"):
        if found := sorted(folder.glob(pattern)):
            return [json.loads(path.read_text(encoding="utf-8")) for path in found]
    return []


def prompts_of(utterances: Sequence[str], conditions: Iterable[pd.DataFrame]) -> int:
    """Number of distinct prompts of some utterances over all conditions: one per distinct cue block."""
    blocks = pd.concat([table[["utterance", "cue_block"]] for table in conditions])
    return len(blocks[blocks["utterance"].isin(utterances)].drop_duplicates())


def rate(figures: Sequence[Mapping[str, Any]], prompts: float) -> tuple[float, float] | None:
    """Seconds per utterance, and seconds until the first, from jobs that ran here.

    Args:
        figures: reports of jobs (:func:`cuealign.inference.job_report.job_report`). Jobs that answered nothing are left out.
        prompts: per utterance, in the job to come. More prompts take longer in proportion. Fewer may not be faster, as they
            share the audio.

    Returns:
        None if no job answered anything.
    """
    telling = [each for each in figures if each["prompts"]]
    if not telling:
        return None
    utterances = sum(each["utterances"] for each in telling)
    then = sum(each["prompts"] for each in telling) / utterances
    seconds = sum(each["seconds"]["answer"] for each in telling) / utterances
    start = max(sum(value for part, value in each["seconds"].items() if part != "answer") for each in telling)
    return seconds * max(1.0, prompts / then), start


def hours(limit: str) -> float:
    """A time limit in hours: ``12h``, ``30m``, ``1d``."""
    number, unit = re.fullmatch(r"([0-9.]+) *([a-z]+)", limit).groups()
    return float(number) * {"m": 1 / 60, "min": 1 / 60, "h": 1, "d": 24}[unit]


def job_row(
    *, dataset: str, split: str, model: str, entry: Model, utterances: int, prompts: int, figures: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The jobs of one model on one split.

    Args:
        dataset, split, model: ids.
        entry: of the model in the config.
        utterances, prompts: in all.
        figures: of earlier jobs of this model on this machine.
    """
    measured, benchmark, shards = rate(figures, prompts / utterances), entry.seconds_per_utterance, entry.shards
    seconds, start = measured or (benchmark, 0.0)
    limit = hours(entry.runtime)
    share = math.ceil(utterances / shards)
    per_job = math.nan if seconds is None else (start + share * seconds) / 3600
    if seconds is None:
        advice = "unknown; run it with limit: 20 first"
    elif per_job > _FULL * limit:
        advice = f"shards: {math.ceil(utterances * seconds / 3600 / (limit * _FULL / 2))}"
    else:
        advice = ""
    return {
        "dataset": dataset,
        "split": split,
        "model": model,
        "utterances": utterances,
        "prompts": prompts,
        "jobs": shards,
        "gpu": entry.on_gpu,
        "seconds_per_utterance": math.nan if seconds is None else seconds,
        "source": "measured here" if measured else "benchmark" if seconds is not None else "",
        "hours_per_job": per_job,
        "hours": per_job * shards,
        "limit_hours": limit,
        "advice": advice,
    }


def content(rows: Sequence[Mapping[str, Any]], datasets: Mapping[str, Dataset], models: Mapping[str, Model]) -> TableContent:
    """The plan as a table.

    Args:
        rows: see :func:`job_row`.
        datasets, models: registries of the config, for titles.
    """
    values = pd.DataFrame(rows)
    display = pd.DataFrame(
        {
            "Dataset": [datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [models[name].title for name in values["model"]],
            "Utterances": [f"{count:,}" for count in values["utterances"]],
            "Prompts": [f"{count:,}" for count in values["prompts"]],
            "Jobs": values["jobs"].astype(str),
            "Device": ["GPU" if gpu else "CPU" for gpu in values["gpu"]],
            "Seconds per utterance": [_known(seconds, ".3g") for seconds in values["seconds_per_utterance"]],
            "Source": values["source"],
            "Hours per job": [_known(each, ".2g") for each in values["hours_per_job"]],
            "Limit": [f"{limit:g}" for limit in values["limit_hours"]],
            "Advice": values["advice"],
        }
    )
    gpu = values[values["gpu"]]
    untimed = ", ".join(models[name].title for name in gpu["model"][gpu["hours"].isna()].unique())
    unknown = f", without those of unknown time ({untimed})" if untimed else ""
    note = (
        f"{int(values['jobs'].sum())} jobs of models, {int(gpu['jobs'].sum())} of them on a GPU: "
        f"{gpu['hours'].sum():.2g} GPU hours{unknown}. Of the whole grid, what is answered already included. "
        "Benchmark figures are of one H200 and thirty-three conditions (docs/benchmarks.md)."
    )
    return TableContent("What the study takes.", values, display, note)


def _known(value: float, form: str) -> str:
    return "?" if math.isnan(value) else format(value, form)
