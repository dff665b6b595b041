"""How much sound an audio file holds: what its container states, against what is there.

libsndfile trusts headers, and decodes what is left of a file that was cut short without a word. These modules read the
structure of a file, not its sound: :func:`frames` costs a few reads, whatever the length.
"""

from collections.abc import Callable
from pathlib import Path

import soundfile

from cuealign.core.containers import chunks, flac, headers, mpeg, ogg
from cuealign.core.errors import InputError

_CHECKS: dict[str, Callable[[Path, soundfile.SoundFile], int]] = {
    **dict.fromkeys(("WAV", "WAVEX", "RF64"), chunks.riff),
    **dict.fromkeys(("AIFF", "SVX"), chunks.iff),
    "CAF": chunks.caf,
    "W64": chunks.wave64,
    "FLAC": flac.check,
    "OGG": ogg.check,
    **dict.fromkeys(("MP3", "MPEG"), mpeg.check),
    "AU": headers.au,
    "NIST": headers.sphere,
    "AVR": headers.avr,
    "VOC": headers.voc,
    "HTK": headers.htk,
}


def frames(path: Path, sound: soundfile.SoundFile) -> int:
    """Number of frames (samples per channel) that a file holds, as it states itself.

    Args:
        path: of the file.
        sound: the same file, opened.

    Raises:
        InputError: if the file is cut short, holds sound that its header leaves out, contradicts itself, or is of a format
            whose length cannot be checked.
    """
    check = _CHECKS.get(sound.format)
    if check is None:
        raise InputError(f"{path}: is a {sound.format} file, of which nothing tells whether it is whole; convert it to WAV or FLAC")
    return check(path, sound)
