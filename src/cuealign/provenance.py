"""What results were made of: versions, revisions, hashes and licences; nothing that names a person or a machine."""

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.schema import MANIFEST, RESPONSES

PACKAGES = (
    *("snakemake", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "statsmodels", "opensmile", "soundfile", "soxr"),
    *("torch", "transformers", "peft", "tokenizers", "safetensors", "espeakng-loader", "matplotlib", "seaborn", "pydantic"),
)


def record(results: Path, config: Mapping[str, Any], cells: Sequence[Sequence[str]], workflow: Path | str) -> dict[str, Any]:
    """Collect the provenance of a study.

    Args:
        results: folder of the results.
        config: validated config.
        cells: (dataset, split, model) of what was run.
        workflow: folder of the workflow, for its commit, or the address that it was fetched from.

    Returns:
        Plain values; the same results give the same record. Locations are left out of the config, as they name machines.
    """
    return {
        "workflow": {"source": workflow} if isinstance(workflow, str) else _commit(workflow),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "config_sha256": hashlib.sha256(json.dumps(_without_locations(config), sort_keys=True).encode()).hexdigest(),
        "config": _without_locations({key: config[key] for key in ("grid", "prompts", "cue_block", "answers", "readout", "statistics")}),
        "datasets": {name: _dataset(results, config, name) for name in dict.fromkeys(cell[0] for cell in cells)},
        "models": {name: _model(config, name) for name in dict.fromkeys(cell[2] for cell in cells)},
        "responses": [_responses(results, *cell, config["models"][cell[2]]["shards"]) for cell in cells],
    }


def _commit(workflow: Path) -> dict[str, Any]:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(workflow), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
    except FileNotFoundError:  # no git on this machine
        commit = ""
    if not commit:
        return {"commit": "unknown (not a git checkout)"}
    return {"commit": commit, "changed_files": len(git("status", "--porcelain").splitlines())}


def _without_locations(value: Any) -> Any:
    """Drop the keys that hold places on a machine."""
    if isinstance(value, Mapping):
        return {key: _without_locations(inner) for key, inner in value.items() if key not in ("root", "manifest", "path")}
    if isinstance(value, list | tuple):
        return [_without_locations(inner) for inner in value]
    return value


def _dataset(results: Path, config: Mapping[str, Any], name: str) -> dict[str, Any]:
    manifest = MANIFEST.read(results / "corpora" / name / "manifest.parquet")
    # Files are named by where they lie; what was heard is in the hashes.
    content = manifest.drop(columns="file").to_csv(index=False)
    counts = json.loads((results / "corpora" / name / "counts.json").read_text(encoding="utf-8"))
    return {
        "licence": config["datasets"][name]["licence"],
        "reader": config["datasets"][name]["reader"],
        "utterances": len(manifest),
        "speakers": int(manifest["speaker"].nunique()),
        "hours": round(float(manifest["duration"].sum()) / 3600, 4),
        "manifest_sha256": hashlib.sha256(content.encode()).hexdigest(),
        "counts": counts,
        "tokens": config["datasets"][name]["tokens"],
    }


def _model(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    entry = config["models"][name]
    keys = ("backend", "hub_id", "revision", "licence", "dtype", "engine", "prompt", "max_new_tokens", "training", "trust_remote_code")
    keys += ("cue_captions", "options")
    return {key: entry[key] for key in keys if entry[key] is not None}


def _responses(results: Path, dataset: str, split: str, model: str, shards: int) -> dict[str, Any]:
    folder = results / "responses" / dataset / split / model
    table = pd.concat([RESPONSES.read(folder / f"shard{shard}.parquet") for shard in range(shards)], ignore_index=True)
    return {
        "dataset": dataset,
        "split": split,
        "model": model,
        "fingerprint": sorted(set(table["fingerprint"])),
        "prompts": len(table),
        "answers_by_path": {path: int(count) for path, count in table["path"].value_counts().sort_index().items()},
        "utterances_truncated": int(table.loc[table["audio_truncated"], "utterance"].nunique()),
    }
