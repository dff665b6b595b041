"""FLAC (RFC 9639): the number of samples is stated at the beginning, and again by the number of the last frame."""

import functools
import mmap
import struct
from pathlib import Path
from typing import NamedTuple

import soundfile

from cuealign.core.containers import ogg
from cuealign.core.containers.common import after_id3, contradiction, cut_short, read_at, too_short
from cuealign.core.errors import InputError

_RATES = {1: 88_200, 2: 176_400, 3: 192_000, 4: 8_000, 5: 16_000, 6: 22_050, 7: 24_000, 8: 32_000, 9: 44_100, 10: 48_000, 11: 96_000}
_BLOCKS = {1: 192, **{code: 144 << code for code in range(2, 6)}, **{code: 1 << code for code in range(8, 16)}}
_FARTHEST = 1 << 21  # a frame has at most 65,535 samples of 8 channels; few are a tenth of this


class _Frame(NamedTuple):
    first: int
    """Its number: of the frame, or of its first sample where blocks vary."""
    samples: int
    varies: bool
    rate: int | None


def check(path: Path, sound: soundfile.SoundFile) -> int:
    """Compare the stated length with the last frame."""
    with path.open("rb") as file:
        begin = after_id3(file)
        head = read_at(file, begin, 42)
        if head.startswith(b"OggS"):
            return ogg.check(path, sound)
        block, _, _, packed = struct.unpack_from(">HH6sQ", head, 8)
        stated, rate = packed & (1 << 36) - 1, packed >> 44
        if stated == 0:
            raise InputError(f"{path}: its header does not say how long it is, as encoders write to a pipe; encode it again from a file")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if any(content.find(b"fLaC" + kind + b"\0\0\x22", begin + 42) >= 0 for kind in (b"\0", b"\x80")):
                raise InputError(f"{path}: holds a second recording behind the first, which would not be heard; split it into two files")
            found = _last_frame(content, block, stated)
    if found is None:
        return sound.frames
    frame, present = found
    if frame.rate not in (None, rate) or rate != sound.samplerate:
        raise contradiction(path, f"{rate} Hz, but {frame.rate or sound.samplerate} Hz in its frames")
    if present < stated:
        raise cut_short(path, stated, present, "samples")
    if present > stated:
        raise too_short(path, stated, present, "samples")
    return sound.frames


def _last_frame(content: mmap.mmap, block: int, stated: int) -> tuple[_Frame, int] | None:
    """The last frame, and the number of samples up to its end; None if there is no whole frame."""
    position = len(content)
    while (position := content.rfind(b"\xff", max(0, len(content) - _FARTHEST), position)) >= 0:
        if frame := _frame(content, position):
            samples = (frame.first if frame.varies else frame.first * block) + frame.samples
            # Sound may look like the head of a frame by chance. Only a frame's end carries its checksum.
            if samples == stated or any(_crc16(content[position:end]) == 0 for end in (len(content), len(content) - 128)):
                return frame, samples
    return None


def _frame(content: mmap.mmap, position: int) -> _Frame | None:
    """The frame whose head begins at a position, None if none does."""
    head = content[position : position + 16]
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    codes, extra = divmod(head[2], 16), 4
    if codes[0] == 0 or codes[1] == 15:
        return None
    ones = next((bit for bit in range(8) if not head[4] << bit & 0x80), 8)  # a number as in UTF-8, of up to 7 bytes
    if ones in (1, 8):
        return None
    tail = head[5 : 4 + max(ones, 1)]
    number = head[4] & (0x7F >> ones)
    for byte in tail:
        number = number << 6 | byte & 0x3F
    extra += max(ones, 1)
    size = {6: 1, 7: 2}.get(codes[0], 0)
    samples = int.from_bytes(head[extra : extra + size]) + 1 if size else _BLOCKS[codes[0]]
    extra += size
    size = {12: 1, 13: 2, 14: 2}.get(codes[1], 0)
    unit = {12: 1000, 13: 1, 14: 10}.get(codes[1], 0)
    rate = int.from_bytes(head[extra : extra + size]) * unit if size else _RATES.get(codes[1])
    extra += size
    if extra >= len(head) or _crc8(head[: extra + 1]) != 0:
        return None
    return _Frame(number, samples, bool(head[1] & 1), rate)


@functools.cache
def _table(polynomial: int, bits: int) -> list[int]:
    """Remainders of all bytes."""
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value >> bits - 1 & 1 else value << 1) & (1 << bits) - 1
        table.append(value)
    return table


def _crc8(content: bytes) -> int:
    table, value = _table(0x07, 8), 0
    for byte in content:
        value = table[value ^ byte]
    return value


def _crc16(content: bytes) -> int:
    table, value = _table(0x8005, 16), 0
    for byte in content:
        value = (value << 8 & 0xFF00) ^ table[value >> 8 ^ byte]
    return value
