"""Ogg (RFC 3533), in which Vorbis, Opus and Speex are kept: a file must end with the page that says so."""

import struct
from pathlib import Path

import soundfile

from cuealign.core.containers.common import after_id3, length, no_sound, read_at
from cuealign.core.errors import InputError

_HEAD = struct.Struct("<4sBBqIIIB")
_BEGINS, _ENDS = 2, 4


def check(path: Path, sound: soundfile.SoundFile) -> int:
    """Check that all pages are there, and that nothing follows the sound that is read."""
    pages: dict[int, int] = {}  # the last page of each stream
    ended: set[int] = set()
    with path.open("rb") as file:
        position, end = after_id3(file), length(file)
        while position < end:
            head = read_at(file, position, _HEAD.size)
            if not head.startswith(b"OggS"):
                if no_sound(file, position):
                    break
                raise InputError(f"{path}: is damaged: no page of Ogg at byte {position}")
            if len(head) < _HEAD.size:
                raise InputError(f"{path}: cut short: it ends within a page of Ogg")
            *_, flags, _, stream, number, _, segments = _HEAD.unpack(head)
            position += _HEAD.size + segments + sum(read_at(file, position + _HEAD.size, segments))
            if position > end:
                raise InputError(f"{path}: cut short: it ends within a page of Ogg")
            if flags & _BEGINS and ended:
                raise InputError(f"{path}: holds a second recording behind the first, which would not be heard; split it into two files")
            if number != pages.get(stream, number - 1) + 1:
                raise InputError(f"{path}: is damaged: page {number} of Ogg follows page {pages[stream]}")
            pages[stream] = number
            if flags & _ENDS:
                ended.add(stream)
    if pages.keys() - ended:
        raise InputError(f"{path}: cut short: its last page of Ogg lacks the mark of the end")
    return sound.frames
