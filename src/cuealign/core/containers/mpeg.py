"""MPEG audio (ISO/IEC 11172-3 and 13818-3: MP3, MP2): a stream of frames that states its length at most in a tag.

Without the tag of Xing, LAME or Fraunhofer the decoder guesses the length from the size of the file.
"""

import functools
import struct
from pathlib import Path
from typing import NamedTuple

import soundfile

from cuealign.core.containers.common import after_id3, cut_short, no_sound
from cuealign.core.errors import InputError

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # by version: 1, 2, 2.5
_KBITS = {  # by (version is 1, layer)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


class _Frame(NamedTuple):
    bytes: int
    samples: int
    kind: tuple[int, int, int]
    """Version, layer and rate, which do not change within a stream."""
    tag: int
    """Where the tag of Xing or LAME would be in it."""


class _Stream(NamedTuple):
    samples: int
    """Of all frames of sound."""
    stated: int | None
    """Samples by the tag, None without one."""
    frame: int
    """Samples of one frame."""


def check(path: Path, sound: soundfile.SoundFile) -> int:
    """Count the frames; returns the samples that can be decoded (fewer than those of all frames, if the tag says so)."""
    status = path.stat()
    stream = _count(path, status.st_size, status.st_mtime_ns)
    if stream.stated is None:
        if sound.frames < stream.samples:
            raise InputError(
                f"{path}: does not state its length, and only {sound.frames} of its {stream.samples} samples would be heard; "
                "convert it to WAV or FLAC"
            )
        return stream.samples
    # Some encoders count the frame that holds the tag.
    if stream.samples not in (stream.stated, stream.stated - stream.frame):
        if stream.samples < stream.stated:
            raise cut_short(path, stream.stated, stream.samples, "samples")
        raise InputError(f"{path}: its header announces {stream.stated} samples, {stream.samples} are there; convert it to WAV or FLAC")
    return sound.frames - (stream.stated - stream.samples)


@functools.lru_cache(maxsize=64)  # a recording of an hour may have a thousand segments
def _count(path: Path, _size: int, _time: int) -> _Stream:
    """Walk through all frames of a file."""
    content = path.read_bytes()
    with path.open("rb") as file:
        position = _first(path, content, after_id3(file))
        first = _frame(content, position)
        count, stated = 0, _stated(content, position, first)
        while frame := _frame(content, position):
            if position + frame.bytes > len(content):
                raise InputError(f"{path}: cut short: it ends within a frame of MPEG audio")
            count += 1
            position += frame.bytes
        if position < len(content) and not no_sound(file, position):
            raise InputError(f"{path}: is damaged: no frame of MPEG audio at byte {position}")
    return _Stream((count - (stated is not None)) * first.samples, stated, first.samples)


def _first(path: Path, content: bytes, position: int) -> int:
    """Position of the first frame that another one of its kind, or the end, follows."""
    while (position := content.find(b"\xff", position)) >= 0:
        if frame := _frame(content, position):
            following = _frame(content, position + frame.bytes)
            if position + frame.bytes == len(content) or (following and following.kind == frame.kind):
                return position
        position += 1
    raise InputError(f"{path}: cut short: holds no whole frame of MPEG audio")


def _frame(content: bytes, position: int) -> _Frame | None:
    """The frame that begins at a position, None if none does."""
    head = content[position : position + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or kbits in (0, 15) or rate == 3:
        return None
    hertz, bits = _RATES[version][rate], _KBITS[version == 3, layer][kbits - 1] * 1000
    padding = head[2] >> 1 & 1
    samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
    size = (12 * bits // hertz + padding) * 4 if layer == 1 else samples // 8 * bits // hertz + padding
    mono = head[3] >> 6 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return _Frame(size, samples, (version, layer, hertz), 4 + side)


def _stated(content: bytes, position: int, frame: _Frame) -> int | None:
    """Samples that a tag in the first frame states, None without such a tag."""
    tag = position + frame.tag
    if content[tag : tag + 4] in (b"Xing", b"Info") and content[tag + 7] & 1:
        return struct.unpack_from(">I", content, tag + 8)[0] * frame.samples
    if content[position + 36 : position + 40] == b"VBRI":
        return struct.unpack_from(">I", content, position + 50)[0] * frame.samples
    return None
