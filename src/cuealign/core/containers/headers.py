"""Files whose fixed header states the length: AU, NIST SPHERE, AVR, VOC and HTK."""

import re
import struct
from pathlib import Path
from typing import BinaryIO

import soundfile

from cuealign.core.containers.common import cut_short, length, no_sound, read_at, too_short
from cuealign.core.errors import InputError


def au(path: Path, sound: soundfile.SoundFile) -> int:
    """Check Sun's AU: its size is in bytes, and all ones mean that it was not known."""
    with path.open("rb") as file:
        head = read_at(file, 0, 12)
        begin, size = struct.unpack_from("<II" if head.startswith(b"dns.") else ">II", head, 4)
        if size != 0xFFFFFFFF:
            _compare(path, file, begin, size)
    return sound.frames


def sphere(path: Path, sound: soundfile.SoundFile) -> int:
    """Check NIST SPHERE: its header is text, and ``sample_count`` is per channel."""
    with path.open("rb") as file:
        head = read_at(file, 0, 16)
        begin = int(head[8:].split()[0])
        text = read_at(file, 0, begin).decode("ascii", "replace")
        fields = {name: int(value) for name, value in re.findall(r"^(\w+) -i (\d+)\s*$", text, re.MULTILINE)}
        if "sample_count" not in fields:
            raise InputError(f"{path}: its header has no sample_count, so that its length is not known; convert it to WAV or FLAC")
        frame = fields.get("sample_n_bytes", 1) * fields.get("channel_count", 1)
        _compare(path, file, begin, fields["sample_count"] * frame)
    if sound.frames != fields["sample_count"]:
        raise too_short(path, fields["sample_count"], sound.frames, "samples")
    return sound.frames


def avr(path: Path, sound: soundfile.SoundFile) -> int:
    """Check Audio Visual Research: a header of 128 bytes."""
    with path.open("rb") as file:
        stereo, bits, *_, count = struct.unpack_from(">HHHHHII", read_at(file, 0, 128), 12)
        _compare(path, file, 128, count * (bits // 8) * (2 if stereo else 1))
    return sound.frames


def voc(path: Path, sound: soundfile.SoundFile) -> int:
    """Check Creative's VOC: blocks with a type and a size, of which libsndfile reads the first with sound."""
    sounds = 0
    with path.open("rb") as file:
        end = length(file)
        (position,) = struct.unpack("<H", read_at(file, 20, 2))
        while (head := read_at(file, position, 4)) and head[0] != 0:  # some programs leave out the last block, of type 0
            size = int.from_bytes(head[1:4], "little")
            if position + 4 + size > end:
                raise cut_short(path, size, end - position - 4)
            sounds += head[0] in (1, 2, 3, 9)  # sound, more of it, silence, sound in the newer form
            position += 4 + size
        if head and not no_sound(file, position + 1):
            raise InputError(f"{path}: holds bytes behind its last block; convert it to WAV or FLAC")
    if sounds != 1:
        raise InputError(f"{path}: holds {sounds} blocks of sound, of which one would be heard; convert it to WAV or FLAC")
    return sound.frames


def htk(path: Path, sound: soundfile.SoundFile) -> int:
    """Check waveforms of the HMM toolkit: a header of 12 bytes that begins with the number of samples."""
    with path.open("rb") as file:
        (count,) = struct.unpack(">I", read_at(file, 0, 4))
        _compare(path, file, 12, count * 2)
    return sound.frames


def _compare(path: Path, file: BinaryIO, begin: int, declared: int) -> None:
    """Compare the bytes of sound with those that are there; all follow the header."""
    present = length(file) - begin
    if declared > present:
        raise cut_short(path, declared, present)
    if declared < present and not no_sound(file, begin + declared):
        raise too_short(path, declared, present)
