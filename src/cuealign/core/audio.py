"""Reading speech: one function that all parts use, so that openSMILE and every model hear the same samples."""

import functools
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from cuealign.core.errors import InputError

RATE = 16_000
"""Sampling rate (Hz) of everything that :func:`read` returns."""

_DECLARED = re.compile(r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)
_STREAMED = 0x7FFF0000
"""Sizes from here on are what programs write into a header when they do not know the length yet."""


def read_native(file: Path | str, start: float = 0.0, end: float | None = None) -> tuple[np.ndarray, int]:
    """Decode a file, or the part of it from ``start`` to ``end`` (seconds), without changing it.

    Returns:
        float32 samples of shape ``(n, channels)`` in [-1, 1], and the sampling rate in Hz.

    Raises:
        InputError: if the file is missing, empty, cut short or no audio, if the segment lies outside of it
            or is empty, or if a sample is not finite.
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
            samples = _decode(sound, *_bounds(sound, start, end))
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: headerless formats such as .raw
        raise InputError(f"{path}: cannot be decoded as audio ({getattr(error, 'error_string', error)})") from error
    if not np.isfinite(samples).all():
        bad = int(np.flatnonzero(~np.isfinite(samples).all(axis=1))[0])
        raise InputError(f"{path}: sample {bad} ({start + bad / rate:.3f} s) is not a finite number")
    return samples, rate


def _bounds(sound: soundfile.SoundFile, start: float, end: float | None) -> tuple[int, int]:
    """First sample of a segment and the one behind its last."""
    path, rate, frames = sound.name, sound.samplerate, sound.frames
    if frames == 0:
        raise InputError(f"{path}: holds no samples")
    for declared, there in _DECLARED.findall(sound.extra_info):
        # libsndfile reads on silently, and the end of the utterance would be missing.
        if int(there) < int(declared) < _STREAMED:
            raise InputError(f"{path}: cut short: its header announces {declared} bytes of sound, {there} are there")
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
    """Samples from ``first`` to before ``last``; only these are decoded where the format allows."""
    # A frame of MP3 leans on those before it: exact only if decoded from the start.
    begin = 0 if sound.format == "MP3" else first
    sound.seek(begin)
    samples = sound.read(last - begin, dtype="float32", always_2d=True)
    if len(samples) < last - begin:
        raise InputError(f"{sound.name}: cut short: {len(samples)} of {last - begin} samples could be read")
    return samples[first - begin :]


def read(file: Path | str, start: float = 0.0, end: float | None = None, *, sha256: str | None = None, rate: int = RATE) -> np.ndarray:
    """Read speech as every part of the workflow hears it: mono, 16 kHz unless a model was trained on another rate.

    Channels are averaged; other rates are resampled by soxr at its high quality.

    Args:
        file: path.
        start, end: of the segment, in seconds.
        sha256: of the samples, as the manifest has it (:func:`fingerprint`); None leaves it unchecked.
        rate: of what is returned, in Hz.

    Returns:
        float32 samples, shape ``(n,)``.

    Raises:
        InputError: as :func:`read_native`, and if the samples are not those of the manifest.
    """
    samples, native = read_native(file, start, end)
    if sha256 is not None and fingerprint(samples, native) != sha256:
        raise InputError(f"{file}: the sound has changed since the corpus was heard; have it heard again with --forcerun audit_audio")
    return resample(samples.mean(axis=1, dtype=np.float32), native, rate)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples at another rate, by soxr at its high quality; at least one."""
    if rate == wanted:
        return samples
    found = soxr.resample(samples, rate, wanted, quality="HQ")
    return found if len(found) else samples[:1]


def read_utterance(row: Any) -> np.ndarray:
    """Read a row of a manifest, its samples checked against their hash; see :func:`read`."""
    return read(row.file, row.start, row.end, sha256=row.audio_sha256)


def reader(row: Any) -> Callable[..., np.ndarray]:
    """A function that does :func:`read_utterance` when it is called, in whatever process; it takes a ``rate``."""
    return functools.partial(read, row.file, row.start, row.end, sha256=row.audio_sha256)


def fingerprint(samples: np.ndarray, rate: int) -> str:
    """sha256 of decoded samples, their rate and channels: equal for the same sound in another container or tag."""
    digest = hashlib.sha256(f"{rate} {samples.shape}".encode())
    digest.update(np.ascontiguousarray(samples, dtype="<f4").tobytes())
    return digest.hexdigest()
