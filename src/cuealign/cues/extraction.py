"""Extract the descriptors of a whole corpus, on all cores. An interrupted extraction resumes where it stopped.

Results are stored under the hash of the samples, so the same sound is extracted only once, even if its label, split, file
name or position changes.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from cuealign.core import audio
from cuealign.core.errors import InputError, raise_all
from cuealign.core.schema import DESCRIPTOR_MEANS
from cuealign.cues import descriptors
from cuealign.cues.descriptor_store import COLUMNS, DescriptorStore, Extracted, samples_sha256
from cuealign.runtime.parallel import parallel_map

logger = logging.getLogger(__name__)

UTTERANCES_PER_WRITE = 500
"""Utterances per write to the disk: about 20 s of work for one process."""

_MEASURED = np.array([name not in DESCRIPTOR_MEANS.nullable for name in COLUMNS])


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
    kept = DescriptorStore(store)
    known = dict(kept.by_audio)
    wanted = manifest.drop_duplicates("audio_sha256")
    missing = wanted[~wanted["audio_sha256"].isin(list(known))]
    logger.info("descriptors: %d sounds to extract, %d in the store", len(missing), len(wanted) - len(missing))

    rows = [(row.file, row.audio_sha256, audio.deferred_read(row)) for row in missing.itertuples()]
    fresh: list[Extracted] = []
    problems = []
    for result in parallel_map(_extract_one, rows, "descriptors", unit="utterance", workers=workers):
        if isinstance(result, str):
            problems.append(result)
            continue
        known[result.audio_sha256] = result.means
        fresh.append(result)
        if len(fresh) == UTTERANCES_PER_WRITE:
            kept.append(fresh)
            fresh = []
    if fresh:
        kept.append(fresh)
    raise_all(problems, where="descriptors")
    means = pd.DataFrame(np.stack([known[sha256] for sha256 in manifest["audio_sha256"]]), columns=list(COLUMNS))
    means.insert(0, "utterance", manifest["utterance"].to_numpy())
    return DESCRIPTOR_MEANS.check(means, "descriptors")


def _extract_one(row: tuple[str, str, Callable[[], np.ndarray]]) -> Extracted | str:
    """Means of one utterance, or a message if they cannot be computed."""
    file, sha256, read = row
    try:
        samples = read()
    except InputError as error:
        return str(error)
    means = descriptors.utterance_descriptors(samples)
    if not np.isfinite(means[_MEASURED]).all():
        return f"{file}: openSMILE returned a value that is not finite"
    return Extracted(sha256, samples_sha256(samples), means)
