"""Extract the descriptors of a whole corpus, on all cores. An interrupted extraction resumes where it stopped.

Results are stored under the hash of the samples, so the same sound is extracted only once, even if its label, split, file
name or position changes.
"""

import logging
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from cuealign.core import audio
from cuealign.core.errors import InputError, raise_all
from cuealign.core.schema import DESCRIPTOR_MEANS
from cuealign.cues import descriptors
from cuealign.runtime.append_only import AppendOnlyFolder
from cuealign.runtime.code_version import code_version
from cuealign.runtime.parallel import parallel_map

logger = logging.getLogger(__name__)

UTTERANCES_PER_WRITE = 500
"""Utterances per write to the disk: about 20 s of work for one process."""

_COLUMNS = [name for name in DESCRIPTOR_MEANS.columns if name != "utterance"]
_MEASURED = np.array([name not in DESCRIPTOR_MEANS.nullable for name in _COLUMNS])
_SCHEMA = pa.schema([("audio_sha256", pa.string()), ("method", pa.string()), *((name, pa.float64()) for name in _COLUMNS)])


def method() -> str:
    """Versions of everything that determines the descriptors of a sound: our code, openSMILE and the resampler."""
    return f"{code_version('cuealign.cues.descriptors')} opensmile {version('opensmile')} soxr {version('soxr')}"


def extract(manifest: pd.DataFrame, store: Path | str, *, workers: int = 1) -> pd.DataFrame:
    """Extract the descriptor means of every utterance that is not in the store yet.

    Args:
        manifest: table of kind :data:`cuealign.core.schema.MANIFEST`.
        store: folder to which results are written as they are computed.
        workers: number of processes.

    Returns:
        Table of kind :data:`cuealign.core.schema.DESCRIPTOR_MEANS`, in the manifest's order.

    Raises:
        InputError: lists all files that cannot be read.
    """
    parts, used = AppendOnlyFolder(store, "descriptors", _SCHEMA), method()
    known: dict[str, np.ndarray] = {}
    for part in parts.read():
        table = part.to_pandas()
        table = table[table["method"] == used]
        known.update(zip(table["audio_sha256"], table[_COLUMNS].to_numpy(), strict=True))
    wanted = manifest.drop_duplicates("audio_sha256")
    missing = wanted[~wanted["audio_sha256"].isin(list(known))]
    logger.info("descriptors: %d sounds to extract, %d in the store", len(missing), len(wanted) - len(missing))

    rows = [(row.file, row.start, row.end, row.audio_sha256) for row in missing.itertuples()]
    fresh: dict[str, np.ndarray] = {}
    problems = []
    for row, result in zip(rows, parallel_map(_extract_one, rows, "descriptors", unit="utterance", workers=workers), strict=True):
        if isinstance(result, str):
            problems.append(result)
            continue
        known[row[-1]] = fresh[row[-1]] = result
        if len(fresh) == UTTERANCES_PER_WRITE:
            parts.append(_part(fresh, used))
            fresh = {}
    if fresh:
        parts.append(_part(fresh, used))
    raise_all(problems, where="descriptors")
    means = pd.DataFrame(np.stack([known[sha256] for sha256 in manifest["audio_sha256"]]), columns=_COLUMNS)
    means.insert(0, "utterance", manifest["utterance"].to_numpy())
    return DESCRIPTOR_MEANS.check(means, "descriptors")


def _extract_one(row: tuple[str, float, float, str]) -> np.ndarray | str:
    """Means of one utterance, or a message if they cannot be computed."""
    file, start, end, sha256 = row
    try:
        means = descriptors.utterance_descriptors(audio.read(file, start, end, sha256=sha256))
    except InputError as error:
        return str(error)
    if not np.isfinite(means[_MEASURED]).all():
        return f"{file}: openSMILE returned a value that is not finite"
    return means


def _part(rows: dict[str, np.ndarray], used: str) -> pa.Table:
    columns = dict(zip(_COLUMNS, np.stack(list(rows.values())).T, strict=True))
    return pa.table({"audio_sha256": list(rows), "method": [used] * len(rows), **columns})
