"""What a study will take, before it is submitted: jobs, prompts and hours, model by model."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from cuealign.tables.content import TableContent

_FULL = 0.8
"""A job that would fill more than this share of its time limit is advised to be split; its shards would fill half of that."""


def prompts_of(utterances: Sequence[str], conditions: Iterable[pd.DataFrame]) -> int:
    """Distinct prompts that some utterances are asked with over all conditions: one per distinct cue block."""
    blocks = pd.concat([table[["utterance", "cue_block"]] for table in conditions])
    return len(blocks[blocks["utterance"].isin(utterances)].drop_duplicates())


def rate(figures: Sequence[Mapping[str, Any]], prompts: float) -> tuple[float, float] | None:
    """Seconds per utterance, and seconds until the first, from jobs that ran here.

    Args:
        figures: of jobs, see :func:`cuealign.inference.work.report`; those that found everything answered say nothing.
        prompts: per utterance, in the job to come. More prompts than then take longer in proportion; fewer may not be
            faster, as they share the audio.

    Returns:
        None where no job says anything.
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
    *, dataset: str, split: str, model: str, entry: Mapping[str, Any], utterances: int, prompts: int, figures: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The jobs of one model on one split.

    Args:
        dataset, split, model: titles or names.
        entry: of the model in the config.
        utterances, prompts: in all.
        figures: of earlier jobs of this model on this machine.
    """
    measured, benchmark, shards = rate(figures, prompts / utterances), entry["seconds_per_utterance"], entry["shards"]
    seconds, start = measured or (benchmark, 0.0)
    limit = hours(entry["runtime"])
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
        "gpu": entry["device"].startswith("cuda"),
        "seconds_per_utterance": math.nan if seconds is None else seconds,
        "source": "measured here" if measured else "benchmark" if seconds is not None else "",
        "hours_per_job": per_job,
        "hours": per_job * shards,
        "limit_hours": limit,
        "advice": advice,
    }


def content(rows: Sequence[Mapping[str, Any]]) -> TableContent:
    """The plan as a table."""
    values = pd.DataFrame(rows)
    display = pd.DataFrame(
        {
            "Dataset": values["dataset"],
            "Split": values["split"],
            "Model": values["model"],
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
    unknown = f", without those of unknown time ({', '.join(gpu['model'][gpu['hours'].isna()].unique())})" * bool(gpu["hours"].isna().any())
    note = (
        f"{int(values['jobs'].sum())} jobs of models, {int(gpu['jobs'].sum())} of them on a GPU: "
        f"{gpu['hours'].sum():.2g} GPU hours{unknown}. Of the whole grid, what is answered already included. "
        "Benchmark figures are of one H200 and thirty-three conditions (docs/benchmarks.md)."
    )
    return TableContent("What the study takes.", values, display, note)


def _known(value: float, form: str) -> str:
    return "?" if math.isnan(value) else format(value, form)
