"""Reading speech. All parts use :func:`read`, so that openSMILE and every model get the same samples."""

import functools
import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile
import soxr

from cuealign.core import containers, file_kinds
from cuealign.core.errors import InputError

RATE = 16_000
"""Default sampling rate (Hz) of what :func:`read` returns."""

RATES = (4_000, 384_000)
"""Lowest and highest sampling rate (Hz) that recordings of speech have."""

LOUDEST = 8.0
"""Peak (full scale is 1) that lossy codecs and gains do not reach: beyond it, samples are in another scale."""

Channel = Literal["mean", "first", "loudest"]
"""How several channels become one."""

_CONVERT = "which is not read; convert it to WAV or FLAC"
_NO_SOUNDS = file_kinds.ANY | {
    b"\x1aE\xdf\xa3": f"WebM or Matroska, {_CONVERT}",
    **{bytes((0, 0, 0, size)) + b"ftyp": f"MPEG-4 (m4a, mp4), {_CONVERT}" for size in range(0x14, 0x44, 4)},
    b"0&\xb2u\x8ef\xcf\x11": f"Windows Media (wma), {_CONVERT}",
    b"#!AMR": f"AMR, {_CONVERT}",
    b"\xff\xf1": f"AAC, {_CONVERT}",
    b"\xff\xf9": f"AAC, {_CONVERT}",
    b"<?xml": "XML, as servers answer with; download it again",
    b"PK\x03\x04": "a ZIP archive; unpack it",
}
_UNKNOWN = "copy it again if it is damaged or cut short, or convert it to WAV or FLAC"
_BLOCK = 1 << 20  # frames


def read_native(file: Path | str, start: float = 0.0, end: float | None = None) -> tuple[np.ndarray, int]:
    """Decode a file, or its part from ``start`` to ``end`` (seconds), with its own rate and channels.

    Returns:
        float32 samples of shape ``(n, channels)`` in [-1, 1], and the sampling rate in Hz.

    Raises:
        InputError: if the file is missing, empty, cut short or not audio; if the segment is empty or lies outside of the file;
            if a sample is not finite or far beyond full scale; or if the sampling rate cannot be.
    """
    path = Path(file)
    _check_file(path)
    try:
        with soundfile.SoundFile(path) as sound:
            rate = sound.samplerate
            samples = _decode(sound, *_bounds(path, sound, start, end))
    except InputError:
        raise
    except Exception as error:  # whatever a damaged header leads to, in the decoder or in our checks, it is this file's fault
        what = file_kinds.kind(path, _NO_SOUNDS)
        said = str(getattr(error, "error_string", error)).removeprefix("Error : ").removesuffix(".")
        why = f"is {what}" if what else f"cannot be decoded as audio ({said}); {_UNKNOWN}"
        raise InputError(f"{path}: {why}") from error
    if not np.isfinite(samples).all():
        bad = int(np.flatnonzero(~np.isfinite(samples).all(axis=1))[0])
        raise InputError(f"{path}: sample {bad} ({start + bad / rate:.3f} s) is not a finite number")
    if (peak := float(np.abs(samples).max())) > LOUDEST:
        bits = next((bits for bits in (8, 16, 24, 32) if peak <= 2 ** (bits - 1)), 64)
        raise InputError(f"{path}: peak {peak:.0f} where full scale is 1; was it saved as float in the scale of {bits} bits?")
    return samples, rate


def _check_file(path: Path) -> None:
    """Refuse what is no file with content, and say what it is."""
    try:
        if path.is_symlink() and not path.exists():
            raise InputError(f"{path}: is a link to {path.readlink()}, which does not exist")
        status = path.stat() if path.exists() else None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if status is None:
        raise InputError(f"{path}: no such file")
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: is a folder, no file")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: is a pipe or a device, no file")
    if status.st_size == 0:
        raise InputError(f"{path}: the file is empty (0 bytes)")


def _bounds(path: Path, sound: soundfile.SoundFile, start: float, end: float | None) -> tuple[int, int]:
    """First sample of a segment, and the one after its last."""
    rate, frames = sound.samplerate, containers.frames(path, sound)
    if not RATES[0] <= rate <= RATES[1]:
        raise InputError(f"{path}: a sampling rate of {rate} Hz, which no recording of speech has; write it anew with the right one")
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
    # What MPEG and Opus decode depends on what came before: only decoding from the start is exact. Some codecs of telephones
    # cannot seek.
    exact = sound.seekable() and sound.format not in ("MP3", "MPEG") and sound.subtype != "OPUS"
    position = first if exact else 0
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


def read(
    file: Path | str,
    start: float = 0.0,
    end: float | None = None,
    *,
    sha256: str | None = None,
    channel: Channel = "mean",
    remove_offset: bool = False,
    rate: int = RATE,
) -> np.ndarray:
    """Read speech as mono, at 16 kHz unless a model was trained on another rate.

    Other rates are resampled by soxr at its high quality.

    Args:
        file: path.
        start, end: of the segment, in seconds.
        sha256: expected :func:`fingerprint` of the decoded samples, from the manifest; None skips the check.
        channel, remove_offset: as of :func:`mono`.
        rate: of the returned samples, in Hz.

    Returns:
        float32 samples, shape ``(n,)``.

    Raises:
        InputError: as :func:`read_native`; also if the samples differ from those of the manifest.
    """
    samples, native = read_native(file, start, end)
    if sha256 is not None and fingerprint(samples, native, channel=channel, remove_offset=remove_offset) != sha256:
        raise InputError(
            f"{file}: the sound has changed since the corpus was audited; run the workflow again (if size and time of the file are "
            "as before, touch it first)"
        )
    return resample(mono(samples, channel=channel, remove_offset=remove_offset), native, rate)


def mono(samples: np.ndarray, *, channel: Channel = "mean", remove_offset: bool = False) -> np.ndarray:
    """One channel of several.

    Args:
        samples: float32, shape ``(n, channels)``.
        channel: the mean of all channels, the first, or the one with the most energy around its mean (of several, the first).
        remove_offset: subtract the mean of each channel before.

    Returns:
        float32 samples, shape ``(n,)``.
    """
    if remove_offset:
        samples = (samples - samples.mean(axis=0, dtype=np.float64)).astype(np.float32)
    if channel == "mean":
        return samples.mean(axis=1, dtype=np.float32)
    return samples[:, 0 if channel == "first" else int(np.argmax(samples.var(axis=0, dtype=np.float64)))]


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Resample from ``rate`` to ``wanted`` Hz by soxr at its high quality; returns at least one sample."""
    if rate == wanted:
        return samples
    resampled = soxr.resample(samples, rate, wanted, quality="HQ")
    return resampled if len(resampled) else samples[:1]


def read_utterance(row: Any, *, rate: int = RATE) -> np.ndarray:
    """Read the audio of a row of a manifest and check it against its hash; see :func:`read`."""
    return deferred_read(row)(rate=rate)


def deferred_read(row: Any) -> Callable[..., np.ndarray]:
    """A function that reads the audio of a row when it is called, in any process; it takes a ``rate``."""
    return functools.partial(
        read, row.file, row.start, row.end, sha256=row.audio_sha256, channel=row.channel, remove_offset=bool(row.remove_offset)
    )


def fingerprint(samples: np.ndarray, rate: int, *, channel: Channel = "mean", remove_offset: bool = False) -> str:
    """Hash of a sound as it is heard: sha256 of the decoded samples, their rate and channels, and how they become mono.

    It does not depend on the container and its tags. Behind a hyphen stands what is not the default: the same samples heard
    in another way are another sound to a model, while :func:`same_samples` still knows them.
    """
    digest = hashlib.sha256(f"{rate} {samples.shape}".encode())
    digest.update(np.ascontiguousarray(samples, dtype="<f4").tobytes())
    return "-".join([digest.hexdigest(), *([channel] * (channel != "mean")), *(["centred"] * remove_offset)])


def same_samples(audio_sha256: str) -> str:
    """The part of a :func:`fingerprint` that does not depend on how the samples become mono."""
    return audio_sha256.partition("-")[0]
