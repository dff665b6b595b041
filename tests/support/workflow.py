"""Running the workflow as a user does, in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

from cuealign.config.grid import experiments
from cuealign.config.settings import Config
from cuealign.reporting.results import Results
from tests.support import ROOT

# A small study of the same shape as the demo.
SMALL = {
    "grid": [
        {
            "dataset": "emosynth",
            "splits": ["test"],
            "models": ["cue-tiny", "listener-audio", "listener-cues"],
            "interventions": ["none", "correct", "shuffle", "conflict", "corrupt"],
            "p": [0.5, 1.0],
            "seeds": [0, 1],
        }
    ],
    "emosynth": {"train_speakers": 4, "test_speakers": 6, "per_emotion": 4, "seed": 5},
    "models": {"cue-tiny": {"write_every": 1, "training": {"options": {"epochs": 4, "batch_size": 8}}}},
    "statistics": {"resamples": 300},
}


def write_config(file: Path, values: dict) -> Path:
    """Write a config file."""
    file.write_text(yaml.safe_dump(values, allow_unicode=True))
    return file


def command(folder: Path, *arguments: str, configfile: Path | None = None, snakefile: Path = ROOT / "workflow/Snakefile") -> list[str]:
    """Command line of a run in a folder."""
    config = ["--configfile", str(configfile)] if configfile else []
    return [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(folder), *config, *arguments]


def environment(**more: str) -> dict[str, str]:
    """Without PYTHONPATH: the workflow itself makes its library importable in every job."""
    here = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return here | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | more


def snakemake(
    folder: Path,
    *arguments: str,
    configfile: Path | None = None,
    snakefile: Path = ROOT / "workflow/Snakefile",
    **more: str,
) -> subprocess.CompletedProcess[str]:
    """Run the workflow in a folder, with further variables in its environment."""
    return subprocess.run(
        command(folder, *arguments, configfile=configfile, snakefile=snakefile),
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=1800,  # a bound for a process that hangs, far above what a busy machine takes
        check=False,
    )


def planned(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Jobs of a dry run, by rule."""
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)}
    counts.pop("total", None)
    return counts


def parts(folder: Path, model: str) -> list[Path]:
    """Part files of a model's response store."""
    return list((folder / f"results/responses/emosynth/test/{model}/store").glob("*.parquet"))


def forget_answers(folder: Path, model: str) -> None:
    """Remove what a model answered, and all that was made of it; corpora, tokens and checkpoints stay."""
    for stage in ("responses", "predictions", "metrics"):
        shutil.rmtree(folder / f"results/{stage}/emosynth/test/{model}")


def conditions(folder: Path, model: str) -> pd.DataFrame:
    """Metrics of a model's conditions."""
    return pd.read_csv(folder / f"results/metrics/emosynth/test/{model}/conditions.csv", dtype={"p": str, "seed": str})


def results_of(folder: Path, settings: Config) -> Results:
    """The results in a folder, as tables and figures read them."""
    return Results(folder / "results", experiments(settings.grid), settings.datasets, settings.models, settings.statistics)
