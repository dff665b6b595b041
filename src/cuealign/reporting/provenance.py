"""What results were made of: versions, revisions, hashes and licences; nothing that names a person or a machine."""

import hashlib
import json
import platform
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.figures import SCOPES
from cuealign.config.entries.grid import Experiment, GridRun
from cuealign.config.entries.model import Model
from cuealign.core.plain_files import read_json
from cuealign.core.schema import MANIFEST, RESPONSES
from cuealign.models.checkpoints import hub_commit

_LOCATIONS = ("root", "manifest", "path")
"""Keys of the config that hold places on a machine."""


def record(
    results: Path,
    config: Mapping[str, Any],
    *,
    datasets: Mapping[str, Dataset],
    models: Mapping[str, Model],
    runs: Sequence[GridRun],
    workflow: str,
    jobs: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Collect the provenance of a study.

    Args:
        results: folder of the results.
        config: validated config, as plain values.
        datasets, models: its registries.
        runs: what was run.
        workflow: commit of the workflow that is here now, or where it was fetched from.
        jobs: records that jobs left (:mod:`cuealign.runtime.job`), by which each stage says how it was made.

    Returns:
        Plain values; the same results give the same record. Locations are left out of the config, as they name machines.
    """
    experiments = list(dict.fromkeys(run.experiment for run in runs))
    return {
        "workflow": {"commit": workflow},
        "system": f"{platform.system()} {platform.machine()}",
        "config_sha256": hashlib.sha256(json.dumps(_without_locations(config), sort_keys=True).encode()).hexdigest(),
        "config": _without_locations({key: config[key] for key in ("grid", "prompts", "cue_block", "answers", "readout", "statistics")}),
        "stages": _stages(jobs, _asked(config, datasets, models, runs), {(run.intervention, run.p, run.seed) for run in runs}),
        "datasets": {name: _dataset(results, name, datasets[name]) for name in dict.fromkeys(run.dataset for run in runs)},
        "models": {name: _model(models[name]) for name in dict.fromkeys(run.model for run in runs)},
        "responses": [_responses(results, experiment, models[experiment.model].shards) for experiment in experiments],
    }


def leftovers(results: Path, shown: Collection[str]) -> list[str]:
    """Tables and figures that lie there and are not made by this study.

    Args:
        results: folder of the results.
        shown: files that are made, each from that folder's name on.
    """
    known = {Path(file) for file in shown}
    lying = (path for part in ("tables", "figures") for path in (results / part).glob("*.*"))
    return sorted(str(path) for path in lying if path not in known)


def _used(models: Mapping[str, Model], runs: Sequence[GridRun]) -> list[Model]:
    return [models[name] for name in dict.fromkeys(run.model for run in runs)]


def _asked(
    config: Mapping[str, Any], datasets: Mapping[str, Dataset], models: Mapping[str, Model], runs: Sequence[GridRun]
) -> dict[str, set[str]]:
    """Values of wildcards that jobs of this study have, and what its rule ``synthesise`` makes."""
    corpora = {run.dataset for run in runs} | {model.training.dataset for model in _used(models, runs) if model.training}
    drawn = {name: SCOPES[entry["scope"]] for name, entry in config["figures"].items() if entry is not None}
    return {
        "dataset": corpora,
        "model": {run.model for run in runs},
        "table": {name for name, options in config["tables"].items() if options is not None},
        "drawing": {"_".join([name, *(getattr(run, part) for part in scope)]) for name, scope in drawn.items() for run in runs},
        "shard": {str(shard) for model in _used(models, runs) for shard in range(model.shards)},
        "synthesise": {file for name in corpora for file in datasets[name].manifest_files() if file.startswith("results/")},
    }


def _stages(
    jobs: Iterable[Mapping[str, Any]], asked: Mapping[str, Collection[str]], conditions: Collection[tuple[str, str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """Per rule, by which code, commit and packages its jobs ran; several where they were not all made alike."""
    ways: dict[str, dict[str, dict[str, Any]]] = {}
    for job in jobs:
        wildcards = job["wildcards"]
        condition = (wildcards.get("intervention"), wildcards.get("p"), wildcards.get("seed"))
        foreign = any(wildcards[name] not in known for name, known in asked.items() if name in wildcards)
        foreign |= job["rule"] == "synthesise" and not asked["synthesise"]
        if foreign or (None not in condition and condition not in conditions):
            continue  # of an earlier study in this folder
        way = {key: job[key] for key in ("code", "commit", "packages")}
        ways.setdefault(job["rule"], {}).setdefault(json.dumps(way, sort_keys=True), {**way, "jobs": 0})["jobs"] += 1
    return {rule: [found[key] for key in sorted(found)] for rule, found in sorted(ways.items())}


def _without_locations(value: Any) -> Any:
    """Drop the keys that hold places on a machine."""
    if isinstance(value, Mapping):
        return {key: _without_locations(inner) for key, inner in value.items() if key not in _LOCATIONS}
    if isinstance(value, list | tuple):
        return [_without_locations(inner) for inner in value]
    return value


def _dataset(results: Path, name: str, entry: Dataset) -> dict[str, Any]:
    manifest = MANIFEST.read(results / "corpora" / name / "manifest.parquet")
    # Files are named by where they lie; their sound is in the hashes.
    content = manifest.drop(columns="file").to_csv(index=False)
    counts = read_json(results / "corpora" / name / "counts.json")
    return {
        "licence": entry.licence,
        "reader": entry.reader,
        "utterances": len(manifest),
        "speakers": int(manifest["speaker"].nunique()),
        "hours": round(float(manifest["duration"].sum()) / 3600, 4),
        "manifest_sha256": hashlib.sha256(content.encode()).hexdigest(),
        "counts": counts,
        "tokens": entry.tokens.model_dump(mode="json"),
        "answers": {label: answer.model_dump(mode="json") for label, answer in entry.answers.items()},
    }


def _model(entry: Model) -> dict[str, Any]:
    """What the config says of a model; of a local folder, what lies there instead of the hub's id (the responses name its hash)."""
    keys = ("backend", "kind", "hub_id", "revision", "licence", "dtype", "engine", "prompt", "max_new_tokens", "training")
    keys += ("trust_remote_code", "cue_captions", "options")
    found = entry.model_dump(mode="json", include=set(keys), exclude_none=True)
    if entry.path is None:
        return found
    found = {key: value for key, value in found.items() if key not in ("hub_id", "revision")} | {"source": "local folder"}
    commit = hub_commit(Path(entry.path))
    return found | ({"hub_commit": commit} if commit else {})


def _responses(results: Path, experiment: Experiment, shards: int) -> dict[str, Any]:
    folder = results / "responses" / str(experiment)
    table = pd.concat([RESPONSES.read(folder / f"shard{shard}.parquet") for shard in range(shards)], ignore_index=True)
    return {
        "dataset": experiment.dataset,
        "split": experiment.split,
        "model": experiment.model,
        "fingerprint": sorted(set(table["fingerprint"])),
        "prompts": len(table),
        "answers_by_path": {path: int(count) for path, count in table["path"].value_counts().sort_index().items()},
        "utterances_truncated": int(table.loc[table["audio_truncated"], "utterance"].nunique()),
    }
