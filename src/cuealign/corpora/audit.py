"""Audit a corpus: decode every utterance once and record the properties of its audio.

A bad file does not stop the audit; the problem with it is recorded. What was decoded is kept in a store by the size and time
of the file, so that a changed corpus is decoded only where it changed.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.core.plain_files import ADVICE
from cuealign.core.schema import AUDIT
from cuealign.corpora.file_states import state
from cuealign.runtime.append_only import AppendOnlyFolder
from cuealign.runtime.code_version import code_version
from cuealign.runtime.parallel import parallel_map

logger = logging.getLogger(__name__)

SILENCE = 1e-4
"""Peak around the mean (full scale is 1) below which an utterance counts as silent; -80 dBFS."""

FULL_SCALE = 1 - 2**-15
"""Largest sample of 16 bits. Audio that reaches it was probably clipped; openSMILE clips louder audio."""

OFFSET = 0.002
"""Mean of a channel (full scale is 1) from which on descriptors of the spectrum shift."""

SOFT = 20.0
"""Channels that are softer than the loudest by this many dB carry no speech of their own."""

_MOST_DB = 99.0  # stands for silence, which has no level in dB
_CANCELLED = 0.25  # of the power that the mean of unrelated channels has; -6 dB

UTTERANCES_PER_WRITE = 500
"""Utterances per write to the disk."""


class Sound(NamedTuple):
    """What the audit measures of an utterance; the names are the columns of :data:`cuealign.core.schema.AUDIT`."""

    duration: float
    """In seconds."""
    rate: int
    """In Hz."""
    channels: int
    peak: float
    """Of the mono audio that all parts use, because channels may cancel each other."""
    clipped: float
    """Share of samples at full scale."""
    offset: float
    """Largest mean of a channel, without its sign."""
    channel_gap: float
    """From the softest channel to the loudest, in dB."""
    mono_loss: float
    """From the mono audio to the loudest channel, in dB."""
    cancelled: bool
    """Whether the mean of the channels is 6 dB softer than that of unrelated channels would be."""
    silent: bool
    audio_sha256: str


_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        *(
            (name, {int: pa.int64(), bool: pa.bool_(), str: pa.string()}.get(kind, pa.float64()))
            for name, kind in Sound.__annotations__.items()
        ),
    ]
)


def probe(
    utterances: pd.DataFrame,
    *,
    name: str,
    workers: int = 1,
    store: Path | str | None = None,
    channel: audio.Channel = "mean",
    remove_offset: bool = False,
) -> pd.DataFrame:
    """Decode every utterance that has a label.

    Args:
        utterances: table of kind :data:`cuealign.core.schema.UTTERANCES`.
        name: id of the dataset, for messages.
        workers: number of processes.
        store: folder with what was decoded before, and what is decoded now; None decodes everything.
        channel, remove_offset: how several channels become mono (:func:`cuealign.core.audio.mono`).

    Returns:
        Table of kind :data:`cuealign.core.schema.AUDIT`, in the order of the utterances.
    """
    rows = utterances[utterances["label"].notna()].reset_index(drop=True)
    segments = [(row.file, row.start, None if np.isnan(row.end) else row.end, channel, remove_offset) for row in rows.itertuples()]
    results = _stored(segments, name, workers, store) if store else list(_decoded(segments, name, workers))
    problems = [result if isinstance(result, str) else "" for result in results]
    missing = Sound(*(float("nan"),) * 8, cancelled=False, silent=False, audio_sha256="")
    measures = [missing if isinstance(result, str) else result for result in results]
    table = pd.concat(
        [rows[["utterance", "file", "origin"]].assign(problem=problems), pd.DataFrame(measures, columns=list(Sound._fields))], axis=1
    )
    usable = table[table["problem"] == ""]
    first = usable.groupby("audio_sha256")["utterance"].transform("first")
    table["same_sound_as"] = first.where(first != usable["utterance"]).reindex(table.index).fillna("")
    return AUDIT.check(table, f"dataset {name}")


_Segment = tuple[str, float, float | None, audio.Channel, bool]


def _decoded(segments: Sequence[_Segment], name: str, workers: int) -> Iterator[Sound | str]:
    return parallel_map(_probe, segments, f"{name}: audio", unit="utterance", workers=workers)


def _stored(segments: Sequence[_Segment], name: str, workers: int, store: Path | str) -> list[Sound | str]:
    """Results from the store; what it lacks is decoded and put into it. Bad audio is decoded each time."""
    method = f"{code_version('cuealign.corpora.audit')} soundfile {version('soundfile')}"
    keys = [hashlib.sha256("\x1f".join(map(str, (method, state(segment[0]), *segment))).encode()).hexdigest() for segment in segments]
    parts = AppendOnlyFolder(store, "audit", _SCHEMA)
    known: dict[str, Sound | str] = {row.pop("key"): Sound(**row) for part in parts.read() for row in part.to_pylist()}
    new = [(key, segment) for key, segment in zip(keys, segments, strict=True) if key not in known]
    if 0 < len(new) < len(segments):
        logger.info("%s: audio: %d of %d utterances are new or have changed", name, len(new), len(segments))
    fresh: list[dict[str, object]] = []
    for (key, _), result in zip(new, _decoded([segment for _, segment in new], name, workers), strict=True):
        known[key] = result
        if isinstance(result, Sound):
            fresh.append({"key": key, **result._asdict()})
        if len(fresh) == UTTERANCES_PER_WRITE:
            parts.append(pa.Table.from_pylist(fresh, _SCHEMA))
            fresh = []
    if fresh:
        parts.append(pa.Table.from_pylist(fresh, _SCHEMA))
    return [known[key] for key in keys]


def _probe(segment: _Segment) -> Sound | str:
    """Measure one utterance, or say what is wrong with it."""
    file, start, end, channel, remove_offset = segment
    try:
        samples, rate = audio.read_native(file, start, end)
    except InputError as error:
        return str(error)
    return measure(samples, rate, channel=channel, remove_offset=remove_offset)


def measure(samples: np.ndarray, rate: int, *, channel: audio.Channel = "mean", remove_offset: bool = False) -> Sound:
    """Measure an utterance.

    Args:
        samples: float32, shape ``(n, channels)``.
        rate: in Hz.
        channel, remove_offset: how the channels become mono.
    """
    powers, means = samples.var(axis=0, dtype=np.float64), samples.mean(axis=0, dtype=np.float64)
    heard = audio.mono(samples, channel=channel, remove_offset=remove_offset)
    power = float(heard.var(dtype=np.float64))
    unrelated = float(powers.sum()) / len(powers) ** 2
    return Sound(
        duration=len(samples) / rate,
        rate=rate,
        channels=samples.shape[1],
        peak=float(np.abs(heard).max()),
        clipped=float((np.abs(samples) >= FULL_SCALE).mean()),
        offset=float(np.abs(means).max()),
        channel_gap=_decibels(float(powers.max()), float(powers.min())),
        mono_loss=_decibels(float(powers.max()), power),
        cancelled=channel == "mean" and power < _CANCELLED * unrelated,
        silent=bool(np.abs(heard - heard.mean(dtype=np.float64)).max() < SILENCE),
        audio_sha256=audio.fingerprint(samples, rate, channel=channel, remove_offset=remove_offset),
    )


def _decibels(louder: float, softer: float) -> float:
    """Ratio of two powers in dB, at most :data:`_MOST_DB`; 0 where both are silent."""
    if louder == 0:
        return 0.0
    return float(min(10 * np.log10(louder / softer), _MOST_DB)) if softer > 0 else _MOST_DB


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
            na_values={name: [""] for name in AUDIT.nullable},
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: cannot be read as an audit ({error}); {ADVICE}") from error
    table = AUDIT.check(table, str(path), ADVICE)
    for name, kind in AUDIT.columns.items():
        of_kind = pd.api.types.is_bool_dtype if kind == pa.bool_() else pd.api.types.is_numeric_dtype
        if kind != pa.string() and not of_kind(table[name]):
            raise InputError(
                f"{path}: column {name} holds something else than {'true and false' if kind == pa.bool_() else 'numbers'}; {ADVICE}"
            )
    return table
