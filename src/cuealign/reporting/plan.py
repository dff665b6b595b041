"""What a study will take, before it is submitted: jobs, prompts and hours, model by model."""

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
from cuealign.core.plain_files import read_json
from cuealign.core.schema import MANIFEST, read_tokens, rows_of
from cuealign.core.text import duration
from cuealign.corpora.splits import select_split
from cuealign.reporting.tables.content import TableContent

_START = {True: 60.0, False: 5.0}
"""Seconds before the first answer of a job on a GPU, and on a CPU, of a model whose entry does not say them."""

_FULL = 0.8
"""The plan advises to split a job that takes more than this share of its time limit, into shards of half that time."""


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


def plan(
    results: Path,
    planned: Sequence[Planned],
    datasets: Mapping[str, Dataset],
    models: Mapping[str, Model],
    *,
    gpus: Sequence[str],
) -> TableContent:
    """What a study will take.

    Args:
        results: folder with the manifests and interventions of the study, and the figures of jobs that ran here, if any did.
        planned: what will be run.
        datasets, models: registries of the config.
        gpus: names of the GPUs of this machine.
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
                gpus=gpus,
            )
        )
    return content(rows, datasets, models)


def _count(results: Path, one: Planned, dataset: Dataset) -> tuple[int, int]:
    """Utterances that are asked, and their distinct prompts."""
    manifest = MANIFEST.read(results / f"corpora/{one.experiment.dataset}/manifest.parquet")
    asked = select_split(manifest, dataset.splits, one.experiment.split, limit=one.limit)["utterance"]
    folder = results / f"interventions/{one.experiment.dataset}/{one.experiment.split}"
    files = [folder / f"{intervention}/p{p}/seed{seed}.parquet" for intervention, p, seed in one.conditions]
    tables = [rows_of(read_tokens(file), asked, file) for file in files]
    return len(asked), prompts_of(asked, tables)


def _measured(results: Path, experiment: Experiment) -> list[dict]:
    """Figures of the model's earlier jobs: on this split if there are any, else on others."""
    folder = results / "benchmarks/respond"
    for pattern in (f"{experiment}/*.report.json", f"*/*/{experiment.model}/*.report.json"):
        if found := sorted(folder.glob(pattern)):
            return [read_json(path, {"seconds": dict, "prompts": int, "utterances": int}) for path in found]
    return []


def prompts_of(utterances: Sequence[str], conditions: Iterable[pd.DataFrame]) -> int:
    """Number of distinct prompts of some utterances over all conditions: one per distinct cue block."""
    blocks = pd.concat([table[["utterance", "cue_block"]] for table in conditions])
    return len(blocks[blocks["utterance"].isin(utterances)].drop_duplicates())


def rate(figures: Sequence[Mapping[str, Any]], prompts: float) -> tuple[float, float] | None:
    """Seconds per utterance, and seconds until the first, from jobs that ran here.

    Args:
        figures: reports of jobs (:func:`cuealign.inference.respond.respond`). Jobs that answered nothing are left out.
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


def figure(entry: Model, gpus: Sequence[str]) -> tuple[float, str] | None:
    """Seconds per utterance from the model's entry, and the kind of device that they are of.

    A figure of the device at hand goes before one of another device of the sort, and both before an estimate.

    Args:
        entry: of the model in the config.
        gpus: names of the GPUs of this machine.

    Returns:
        None if the entry has no figure for the sort of device that the model runs on.
    """
    given = entry.seconds_per_utterance
    if given is None:
        return None
    if not isinstance(given, dict):
        return given, "figure of the config"
    kinds = [kind for kind in given if kind != "estimate" and (kind != "cpu") == entry.on_gpu]
    at_hand = [kind for kind in kinds if any(kind.casefold() in name.casefold() for name in gpus)]
    for kind in (*at_hand, *kinds):
        return given[kind], f"measured on {kind}"
    return (given["estimate"], "estimate") if "estimate" in given else None


def hours(limit: str) -> float:
    """A time limit in hours: ``12h``, ``30m``, ``1d``."""
    number, unit = re.fullmatch(r"([0-9.]+) *([a-z]+)", limit).groups()
    return float(number) * {"m": 1 / 60, "min": 1 / 60, "h": 1, "d": 24}[unit]


def job_row(
    *,
    dataset: str,
    split: str,
    model: str,
    entry: Model,
    utterances: int,
    prompts: int,
    figures: Sequence[Mapping[str, Any]],
    gpus: Sequence[str] = (),
) -> dict[str, Any]:
    """The jobs of one model on one split.

    Args:
        dataset, split, model: ids.
        entry: of the model in the config.
        utterances, prompts: in all.
        figures: of earlier jobs of this model on this machine.
        gpus: names of the GPUs of this machine.
    """
    shards, told = entry.shards, figure(entry, gpus)
    if measured := rate(figures, prompts / utterances):
        (seconds, start), source = measured, "measured here"
    elif told:
        (seconds, source), start = told, _START[entry.on_gpu] if entry.seconds_to_load is None else entry.seconds_to_load
    else:
        seconds, start, source = math.nan, math.nan, ""
    limit, share = hours(entry.runtime), math.ceil(utterances / shards)
    per_job = (start + share * seconds) / 3600
    if math.isnan(seconds):
        advice = "unknown; run it with limit: 20 first"
    elif per_job > _FULL * limit:
        room = limit * _FULL / 2 * 3600 - start
        advice = f"shards: {math.ceil(utterances * seconds / room)}" if room > 0 else "raise runtime: loading alone takes it up"
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
        "seconds_per_utterance": seconds,
        "seconds_to_load": start,
        "source": source,
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
            "Distinct prompts": [f"{count:,}" for count in values["prompts"]],
            "Jobs": values["jobs"].astype(str),
            "Device": ["GPU" if gpu else "CPU" for gpu in values["gpu"]],
            "Before the first answer": [_time(each) for each in values["seconds_to_load"]],
            "Seconds per utterance": ["?" if math.isnan(each) else f"{each:.2g}" for each in values["seconds_per_utterance"]],
            "Source": values["source"],
            "Time per job": [_time(each * 3600) for each in values["hours_per_job"]],
            "Limit": [f"{limit:g} h" if limit >= 1 else duration(limit * 3600) for limit in values["limit_hours"]],
            "Advice": values["advice"],
        }
    )
    gpu, cpu = values[values["gpu"]], values[~values["gpu"]]
    untimed = ", ".join(dict.fromkeys(models[name].title for name in values["model"][values["hours"].isna()]))
    unknown = f", without those of unknown time ({untimed})" if untimed else ""
    note = (
        f"{int(values['jobs'].sum())} jobs of models, {int(gpu['jobs'].sum())} of them on a GPU: "
        f"{_time(gpu['hours'].sum() * 3600)} of GPUs and {_time(cpu['hours'].sum() * 3600)} of CPUs in all{unknown}. "
        "Of the whole grid, what is answered already included. "
        "Distinct prompts: those of all conditions, where prompts that are equal for an utterance count once, as they are asked once. "
        "Time per job: before the first answer (loading, compiling, checks), then utterances / jobs × seconds per utterance. "
        "Figures that were not measured here are of one device of the kind named and thirty-three conditions (docs/benchmarks.md); "
        "an estimate was not measured at all."
    )
    return TableContent("What the study takes.", values, display, note)


def lacking(missing: Sequence[str]) -> str:
    """What will be missing when a study runs, one line for each thing, as text behind the table; empty if nothing is."""
    return "\n".join(["", "Missing when this runs:", "", *(f"* {line}" for line in missing), ""]) if missing else ""


def _time(seconds: float) -> str:
    return "?" if math.isnan(seconds) else duration(seconds)
