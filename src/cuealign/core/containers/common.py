"""What the checks of all containers share."""

from pathlib import Path
from typing import BinaryIO

from cuealign.core.errors import InputError

_BLOCK = 1 << 20


def cut_short(path: Path, declared: int, present: int, what: str = "bytes of sound") -> InputError:
    """A file that ends before its sound does."""
    return InputError(f"{path}: cut short: its header announces {declared} {what}, but the file has {present}")


def too_short(path: Path, declared: int, present: int, what: str = "bytes of sound") -> InputError:
    """A file that holds more sound than its header says; the rest would not be heard."""
    return InputError(f"{path}: its header announces {declared} {what}, {present} are there; write it anew with the right length")


def contradiction(path: Path, what: str) -> InputError:
    """A header of which one of two numbers is wrong, and nobody knows which."""
    return InputError(f"{path}: its header contradicts itself: {what}; write it anew with the right one")


def length(file: BinaryIO) -> int:
    """Size of an open file in bytes."""
    return file.seek(0, 2)


def read_at(file: BinaryIO, position: int, count: int) -> bytes:
    """Up to ``count`` bytes from a position."""
    file.seek(position)
    return file.read(count)


def after_id3(file: BinaryIO) -> int:
    """Where the file begins behind ID3v2 tags (the ID3 standard, version 2.4, section 3.1), which libsndfile skips."""
    position = 0
    while (head := read_at(file, position, 10))[:3] == b"ID3" and len(head) == 10:
        size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        position += 10 + size + 10 * bool(head[5] & 0x10)  # a footer repeats the head
    return position


def no_sound(file: BinaryIO, position: int) -> bool:
    """True if only zeros or a tag of a music player lie behind a position."""
    rest = length(file) - position
    head = read_at(file, position, 11)
    if (head[:3] == b"TAG" and rest == 128) or head[:8] == b"APETAGEX" or head == b"LYRICSBEGIN" or head[:3] == b"ID3":
        return True
    file.seek(position)
    return not any(any(block) for block in iter(lambda: file.read(_BLOCK), b""))
