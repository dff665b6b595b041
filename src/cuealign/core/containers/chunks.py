"""Containers that consist of chunks with a name and a size: RIFF (WAV), RF64, RIFX, IFF (AIFF, SVX), CAF and Wave64.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991); EBU Tech 3306 (RF64);
Audio Interchange File Format 1.3 (Apple, 1989); Core Audio Format Specification 1.0 (Apple); Sony Wave64.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import soundfile

from cuealign.core.containers.common import after_id3, contradiction, cut_short, length, no_sound, read_at, too_short
from cuealign.core.errors import InputError

STREAMED = 0x7FFF0000
"""Programs that stream audio write sizes from here on into the header, because they do not know the length yet."""

_SOUND = (b"data", b"SSND", b"BODY", b"RIFF", b"riff", b"FORM")
_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
# Chunks that hold no sound, and are no fault where a file ends within them.
_KNOWN = re.compile(rb"LIST|id3 |ID3 |bext|cue |smpl|inst|fact|PEAK|JUNK|junk|PAD |FLLR|iXML|axml|DISP|cart|afsp")


class _Layout(NamedTuple):
    """How chunks follow each other."""

    head: str
    """Format of name and size, as :mod:`struct` writes it."""
    first: int
    """Where the first chunk begins."""
    own: int
    """Bytes that a size counts besides the content: those of name and size, or none."""
    align: int
    """Chunks begin at multiples of this many bytes."""


class _Chunk(NamedTuple):
    name: bytes
    start: int
    """Of the content."""
    size: int
    """Of the content, as stated."""


def riff(path: Path, sound: soundfile.SoundFile) -> int:
    """Check WAV, RF64 and RIFX; returns the number of frames, as do all checks here."""
    with path.open("rb") as file:
        begin = after_id3(file)
        order = ">" if read_at(file, begin, 4) == b"RIFX" else "<"
        layout = _Layout(f"{order}4sI", begin + 12, 0, 2)
        found: dict[bytes, bytes] = {}
        for chunk in _chunks(file, layout):
            if chunk.name == b"data":
                size = chunk.size
                if size == 0xFFFFFFFF and b"ds64" in found:
                    (size,) = struct.unpack_from("<Q", found[b"ds64"], 8)
                present = _check_size(path, file, chunk._replace(size=size), layout)
                break
            found.setdefault(chunk.name, read_at(file, chunk.start, min(chunk.size, 64)))
        else:
            raise InputError(f"{path}: has no chunk of sound")
    if len(found.get(b"fmt ", b"")) < 16:
        raise InputError(f"{path}: has no description of its sound before the sound")
    return _agrees(path, sound, found, order, present)


def _agrees(path: Path, sound: soundfile.SoundFile, found: dict[bytes, bytes], order: str, present: int) -> int:
    """Check the description of the sound, which states its rate and the size of a frame twice."""
    tag, channels, rate, bytes_per_second, frame, bits = struct.unpack_from(f"{order}HHIIHH", found[b"fmt "])
    if tag == _EXTENSIBLE and len(found[b"fmt "]) >= 26:
        (tag,) = struct.unpack_from(f"{order}H", found[b"fmt "], 24)
    if tag not in (_PCM, _FLOAT, _ALAW, _ULAW):
        if bits >= 8:  # codecs of telephones have 0 to 5
            raise contradiction(path, f"{bits} bits, which codec {tag} does not have")
        fact = struct.unpack_from(f"{order}I", found[b"fact"])[0] if len(found.get(b"fact", b"")) >= 4 else 0
        if sound.frames < fact < STREAMED:
            raise cut_short(path, fact, sound.frames, "samples")
        return sound.frames
    if frame != channels * -(-bits // 8):
        raise contradiction(path, f"{channels} × {bits} bits, but {frame} bytes for each of them")
    if bytes_per_second not in (0, rate * frame):
        raise contradiction(path, f"{rate} Hz × {frame} bytes, but {bytes_per_second} bytes a second")
    if present % frame:
        raise contradiction(path, f"{present} bytes of sound are no whole number of samples, which have {frame} bytes")
    if (sound.channels, sound.samplerate, sound.frames) != (channels, rate, present // frame):
        raise contradiction(path, f"{present // frame} samples by its chunks, {sound.frames} by the decoder")
    return sound.frames


def iff(path: Path, sound: soundfile.SoundFile) -> int:
    """Check AIFF, AIFC and SVX."""
    with path.open("rb") as file:
        layout = _Layout(">4sI", after_id3(file) + 12, 0, 2)
        stated = None
        for chunk in _chunks(file, layout):
            if chunk.name == b"COMM":
                (stated,) = struct.unpack_from(">I", read_at(file, chunk.start, 18).ljust(18, b"\0"), 2)
            if chunk.name in (b"SSND", b"BODY"):
                _check_size(path, file, chunk, layout)
                break
        else:
            raise InputError(f"{path}: has no chunk of sound")
    # Of other codecs, the description states the number of their packets.
    if stated and stated < STREAMED and stated != sound.frames and sound.subtype.startswith(("PCM", "FLOAT", "DOUBLE", "ALAW", "ULAW")):
        raise contradiction(path, f"{stated} samples in its description, {sound.frames} in its chunk of sound")
    return sound.frames


def caf(path: Path, sound: soundfile.SoundFile) -> int:
    """Check Core Audio files."""
    return _plain(path, sound, _Layout(">4sq", 8, 0, 1), b"data")


def wave64(path: Path, sound: soundfile.SoundFile) -> int:
    """Check Sony's Wave64."""
    return _plain(path, sound, _Layout("<16sQ", 40, 24, 8), b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a")


def _plain(path: Path, sound: soundfile.SoundFile, layout: _Layout, name: bytes) -> int:
    with path.open("rb") as file:
        chunk = next((chunk for chunk in _chunks(file, layout) if chunk.name == name), None)
        if chunk is None:
            raise InputError(f"{path}: has no chunk of sound")
        if chunk.size >= 0:  # CAF: -1 stands for the rest of the file
            _check_size(path, file, chunk, layout)
    return sound.frames


def _chunks(file: BinaryIO, layout: _Layout) -> Iterator[_Chunk]:
    """Chunks up to the end of the file."""
    position, end, head = layout.first, length(file), struct.calcsize(layout.head)
    while len(raw := read_at(file, position, head)) == head:
        name, size = struct.unpack(layout.head, raw)
        yield _Chunk(name, position + head, size - layout.own)
        position = _next(position + head + size - layout.own, layout.align)
        if size < layout.own or position > end:
            return


def _next(position: int, align: int) -> int:
    return -(-position // align) * align


def _check_size(path: Path, file: BinaryIO, chunk: _Chunk, layout: _Layout) -> int:
    """Check the size of the chunk of sound and return the bytes that are there."""
    end = length(file)
    present = end - chunk.start
    if chunk.size > present:
        if STREAMED <= chunk.size < 1 << 32:
            return present
        raise cut_short(path, chunk.size, present)
    behind = chunk.start + chunk.size
    # Some programs leave out the byte that fills up an odd size.
    if not any(_only_chunks(file, start, layout) for start in dict.fromkeys((_next(behind, layout.align), behind))):
        raise too_short(path, chunk.size, present)
    return chunk.size


def _only_chunks(file: BinaryIO, position: int, layout: _Layout) -> bool:
    """True if whole chunks without sound, tags or zeros follow, up to the end of the file."""
    end, head = length(file), struct.calcsize(layout.head)
    while position < end:
        raw = read_at(file, position, head)
        if no_sound(file, position):
            return True
        if len(raw) < head:
            return False
        name, size = struct.unpack(layout.head, raw)
        size -= layout.own
        if not name[:4].isascii() or not name[:4].decode().isprintable() or name[:4] in _SOUND or size < 0:
            return False
        position = _next(position + head + size, layout.align)
        if position > _next(end, layout.align):
            return bool(_KNOWN.match(name))
    return True
