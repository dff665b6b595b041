"""Running the workflow as a user does, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

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
            "seeds": [0],
        }
    ],
    "emosynth": {"train_speakers": 4, "test_speakers": 4, "per_emotion": 4, "seed": 5},
    "models": {"cue-tiny": {"pack": 1, "training": {"options": {"seed": 1, "epochs": 2, "threads": 1}}}},
    "statistics": {"resamples": 300},
}


def command(folder: Path, *arguments: str, configfile: Path | None = None) -> list[str]:
    config = ["--configfile", str(configfile)] if configfile else []
    place = ["--snakefile", str(ROOT / "workflow/Snakefile"), "--directory", str(folder)]
    return [sys.executable, "-m", "snakemake", *place, *config, *arguments]


def environment() -> dict[str, str]:
    """Without PYTHONPATH: the workflow itself makes its library importable in every job."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    }


def snakemake(folder: Path, *arguments: str, configfile: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments, configfile=configfile),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def parts(folder: Path, model: str) -> list[Path]:
    return list((folder / f"results/responses/emosynth/test/{model}/store").glob("*.parquet"))
