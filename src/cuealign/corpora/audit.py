"""Audit a corpus: decode every utterance once and record the properties of its audio.

A bad file does not stop the audit; the problem with it is recorded.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.core.schema import AUDIT
from cuealign.runtime.parallel import parallel_map

logger = logging.getLogger(__name__)

SILENCE = 1e-4
"""Peak (full scale is 1) below which an utterance counts as silent; -80 dBFS."""

FULL_SCALE = 1 - 2**-15
"""Largest sample of 16 bits. Audio that reaches it was probably clipped; openSMILE clips louder audio."""

_MEASURES = ("duration", "rate", "channels", "peak", "clipped", "audio_sha256")


def probe(utterances: pd.DataFrame, *, name: str, workers: int = 1) -> pd.DataFrame:
    """Decode every utterance that has a label.

    Args:
        utterances: table of kind :data:`cuealign.core.schema.UTTERANCES`.
        name: id of the dataset, for messages.
        workers: number of processes.

    Returns:
        Table of kind :data:`cuealign.core.schema.AUDIT`, in the order of the utterances.
    """
    rows = utterances[utterances["label"].notna()].reset_index(drop=True)
    segments = [(row.file, row.start, None if np.isnan(row.end) else row.end) for row in rows.itertuples()]
    results = list(parallel_map(_probe, segments, f"{name}: audio", unit="utterance", workers=workers))
    table = rows[["utterance", "file", "origin"]].assign(problem=[result if isinstance(result, str) else "" for result in results])
    missing = (*(float("nan"),) * 5, "")
    measures = [missing if isinstance(result, str) else result for result in results]
    table = pd.concat([table, pd.DataFrame(measures, columns=list(_MEASURES))], axis=1)
    table["silent"] = table["peak"] < SILENCE
    usable = table[table["problem"] == ""]
    first = usable.groupby("audio_sha256")["utterance"].transform("first")
    table["same_sound_as"] = first.where(first != usable["utterance"]).reindex(table.index).fillna("")
    return AUDIT.check(table, f"dataset {name}")


def _probe(segment: tuple[str, float, float | None]) -> tuple[float, int, int, float, float, str] | str:
    """Duration (s), rate (Hz), channels, peak, share of clipped samples and hash of one utterance, or what is wrong with it."""
    try:
        samples, rate = audio.read_native(*segment)
    except InputError as error:
        return str(error)
    # The peak is that of the mono audio that all parts use, because channels may cancel each other.
    peak, clipped = float(np.abs(samples.mean(axis=1)).max()), float((np.abs(samples) >= FULL_SCALE).mean())
    return len(samples) / rate, rate, samples.shape[1], peak, clipped, audio.fingerprint(samples, rate)


def write(table: pd.DataFrame, path: Path | str) -> None:
    """Write an audit as CSV, which people can read too."""
    AUDIT.check(table, str(path)).to_csv(path, index=False)


def read(path: Path | str) -> pd.DataFrame:
    """Read an audit that :func:`write` wrote, with exactly the same values.

    Raises:
        InputError: if the file is not an audit.
    """
    text = ("utterance", "file", "origin", "problem", "same_sound_as", "audio_sha256")
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_values={name: [""] for name in _MEASURES[:-1]},
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: cannot be read as an audit ({error}); delete it and run the workflow again") from error
    return AUDIT.check(table, str(path))
