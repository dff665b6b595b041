"""Descriptor extraction compared with openSMILE's ``process_files``, on real speech.

    PYTHONPATH=src .venv/bin/python benchmarks/descriptors.py FOLDER

FOLDER contains audio files, also in subfolders. In each round, all candidates process the same files one after the other, so that
changes of the machine's speed affect all of them alike. The time includes the start of processes. Ours also checks the hash of
every sound, averages and stores the results; openSMILE returns its frames.
"""

import argparse
import logging
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import opensmile
import pandas as pd
import soundfile

from cuealign.core import audio
from cuealign.cues.extraction import extract

ENDINGS = {".wav", ".flac"}


def manifest(files: list[Path]) -> pd.DataFrame:
    """Manifest of the files, without duplicate sounds, which would be extracted only once."""
    rows = [(str(file), str(file), 0.0, None, "mean", False, audio.fingerprint(*audio.read_native(file))) for file in files]
    table = pd.DataFrame(rows, columns=["utterance", "file", "start", "end", "channel", "remove_offset", "audio_sha256"])
    return table.drop_duplicates("audio_sha256", ignore_index=True)


def candidates(table: pd.DataFrame, cores: int) -> dict[str, Callable[[], object]]:
    """Functions to time, by name."""
    files = table["file"].tolist()

    def theirs(workers: int) -> object:
        smile = opensmile.Smile(
            opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors, num_workers=workers, multiprocessing=False
        )
        return smile.process_files(files)

    def ours(workers: int) -> object:
        with tempfile.TemporaryDirectory() as store:
            return extract(table, store, workers=workers)

    return {
        "openSMILE, sequential": lambda: theirs(1),
        f"openSMILE, num_workers={cores}": lambda: theirs(cores),
        "cuealign, one core": lambda: ours(1),
        f"cuealign, {cores} cores": lambda: ours(cores),
    }


def main(folder: Path, limit: int, rounds: int) -> None:
    """Time all candidates and print ratios."""
    logging.disable(logging.INFO)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and not path.name.startswith("._"))[:limit]
    if not files:
        raise SystemExit(f"{folder}: no audio files")
    table = manifest(files)
    hours = sum(soundfile.info(file).duration for file in table["file"]) / 3600
    cores = len(os.sched_getaffinity(0))
    machine = f"{platform.machine()}, {cores} cores, openSMILE {opensmile.__version__}"
    print(f"{machine}; {len(table)} files, {hours:.2f} h of speech, {rounds} rounds")
    seconds: dict[str, list[float]] = {name: [] for name in candidates(table, cores)}
    for _ in range(rounds):
        for name, run in candidates(table, cores).items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    base = seconds["openSMILE, sequential"]
    for name, values in seconds.items():
        ratios = [theirs / mine for theirs, mine in zip(base, values, strict=True)]
        median = statistics.median(values)
        print(
            f"{name:>25}: {median:6.1f} s, {len(table) / median:6.1f} files/s, {3600 * hours / median:5.0f} x real time; "
            f"ratio to sequential {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=10_000, help="most files to use")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.folder, arguments.limit, arguments.rounds)
