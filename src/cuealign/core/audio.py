"""Reading speech. All parts use :func:`read`, so that openSMILE and every model get the same samples."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from cuealign.core import containers, file_kinds
from cuealign.core.errors import InputError

RATE = 16_000
"""Default sampling rate (Hz) of what :func:`read` returns."""

_CONVERT = "which is not read; convert it to WAV or FLAC"
_NO_SOUNDS = file_kinds.ANY | {
    b"\x1aE\xdf\xa3": f"WebM or Matroska, {_CONVERT}",
    **{bytes((0, 0, 0, size)) + b"ftyp": f"MPEG-4 (m4a, mp4), {_CONVERT}" for size in range(0x14, 0x44, 4)},
    b"0&\xb2u\x8ef\xcf\x11": f"Windows Media (wma), {_CONVERT}",
    b"#!AMR": f"AMR, {_CONVERT}",
    b"PK\x03\x04": "a ZIP archive; unpack it",
}
_BLOCK = 1 << 20  # frames


def read_native(file: Path | str, start: float = 0.0, end: float | None = None) -> tuple[np.ndarray, int]:
    """Decode a file, or its part from ``start`` to ``end`` (seconds), with its own rate and channels.

    Returns:
        float32 samples of shape ``(n, channels)`` in [-1, 1], and the sampling rate in Hz.

    Raises:
        InputError: if the file is missing, empty, cut short or not audio; if the segment is empty or lies outside of the file;
            or if a sample is not finite.
    """
    path = Path(file)
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if size is None:
        raise InputError(f"{path}: no such file")
    if size == 0:
        raise InputError(f"{path}: the file is empty (0 bytes)")
    try:
        with soundfile.SoundFile(path) as sound:
            rate = sound.samplerate
            samples = _decode(sound, *_bounds(path, sound, start, end))
    except InputError:
        raise
    except Exception as error:  # whatever a damaged header leads to, in the decoder or in our checks, it is this file's fault
        what = file_kinds.kind(path, _NO_SOUNDS)
        why = f"is {what}" if what else f"cannot be decoded as audio ({getattr(error, 'error_string', error)})"
        raise InputError(f"{path}: {why}") from error
    if not np.isfinite(samples).all():
        bad = int(np.flatnonzero(~np.isfinite(samples).all(axis=1))[0])
        raise InputError(f"{path}: sample {bad} ({start + bad / rate:.3f} s) is not a finite number")
    return samples, rate


def _bounds(path: Path, sound: soundfile.SoundFile, start: float, end: float | None) -> tuple[int, int]:
    """First sample of a segment, and the one after its last."""
    rate, frames = sound.samplerate, containers.frames(path, sound)
    if frames == 0:
        raise InputError(f"{path}: holds no samples")
    first, last = round(start * rate), frames if end is None else round(end * rate)
    if first < 0:
        raise InputError(f"{path}: segment starts at {start} s, before the file does")
    if first >= frames:
        raise InputError(f"{path}: segment starts at {start} s, but the file lasts {frames / rate:.3f} s")
    if last <= first:
        raise InputError(f"{path}: segment {start} s to {end} s is empty")
    if last > frames + rate // 100:  # ends are often rounded to hundredths of a second
        raise InputError(f"{path}: segment ends at {end} s, but the file lasts {frames / rate:.3f} s")
    return first, min(last, frames)


def _decode(sound: soundfile.SoundFile, first: int, last: int) -> np.ndarray:
    """Samples ``first`` to ``last`` (exclusive); decodes only these if the format allows it."""
    # An MPEG frame depends on earlier ones: only decoding from the start is exact. Some codecs of telephones cannot seek.
    position = first if sound.seekable() and sound.format not in ("MP3", "MPEG") else 0
    if position:
        sound.seek(position)
    # In blocks: a damaged header may announce more samples than fit into memory.
    parts = []
    while position < last:
        block = sound.read(min(last - position, _BLOCK), dtype="float32", always_2d=True)
        if len(block) == 0:
            raise InputError(f"{sound.name}: cut short: {position} of {last} samples could be read")
        parts.append(block[max(first - position, 0) :])
        position += len(block)
    return np.concatenate(parts)


def read(file: Path | str, start: float = 0.0, end: float | None = None, *, sha256: str | None = None, rate: int = RATE) -> np.ndarray:
    """Read speech as mono, at 16 kHz unless a model was trained on another rate.

    Channels are averaged. Other rates are resampled by soxr at its high quality.

    Args:
        file: path.
        start, end: of the segment, in seconds.
        sha256: expected :func:`fingerprint` of the decoded samples, from the manifest; None skips the check.
        rate: of the returned samples, in Hz.

    Returns:
        float32 samples, shape ``(n,)``.

    Raises:
        InputError: as :func:`read_native`; also if the samples differ from those of the manifest.
    """
    samples, native = read_native(file, start, end)
    if sha256 is not None and fingerprint(samples, native) != sha256:
        raise InputError(f"{file}: the sound has changed since the corpus was audited; audit it again with --forcerun audit_audio")
    return resample(samples.mean(axis=1, dtype=np.float32), native, rate)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Resample from ``rate`` to ``wanted`` Hz by soxr at its high quality; returns at least one sample."""
    if rate == wanted:
        return samples
    resampled = soxr.resample(samples, rate, wanted, quality="HQ")
    return resampled if len(resampled) else samples[:1]


def read_utterance(row: Any) -> np.ndarray:
    """Read the audio of a row of a manifest and check it against its hash; see :func:`read`."""
    return read(row.file, row.start, row.end, sha256=row.audio_sha256)


def deferred_read(row: Any) -> Callable[..., np.ndarray]:
    """A function that reads the audio of a row when it is called, in any process; it takes a ``rate``."""
    return functools.partial(read, row.file, row.start, row.end, sha256=row.audio_sha256)


def fingerprint(samples: np.ndarray, rate: int) -> str:
    """sha256 of decoded samples, their rate and channels; independent of the container and its tags."""
    digest = hashlib.sha256(f"{rate} {samples.shape}".encode())
    digest.update(np.ascontiguousarray(samples, dtype="<f4").tobytes())
    return digest.hexdigest()
