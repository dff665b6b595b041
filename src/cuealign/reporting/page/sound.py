"""The sound of the utterances of a page: linked, embedded, or left out."""

import io
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import soundfile

from cuealign.config.entries.report import Report
from cuealign.core.audio import RATE, read
from cuealign.reporting.page.content import Sound

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

_OWN = "results"
"""Sounds below this folder were made by the workflow itself."""


def sound_of(manifest: pd.DataFrame, folder: Path, options: Report, changes: np.ndarray) -> Sound:
    """The sound of a page.

    Args:
        manifest: rows of the utterances of the page.
        folder: of the page. The sounds that the workflow itself made are linked from there in any case.
        options: what to do with other sounds.
        changes: how many answers change, shape ``(N,)``: of embedded sounds, those with most changes come first.
    """
    own = [Path(file).parts[:1] == (_OWN,) for file in manifest["file"]]
    if options.audio == "link" or all(own):
        return Sound(links=_links(manifest, folder))
    if options.audio == "embed":
        chosen = most_changed(changes, options.embedded)
        whose = "the utterance whose answers change" if len(chosen) == 1 else f"the {len(chosen)} utterances whose answers change"
        note = "" if len(chosen) == len(manifest) else f"This page holds only the sound of {whose} most."
        return Sound(embedded={position: opus(manifest.iloc[position]) for position in chosen}, note=note)
    return Sound(note="The sound is not part of this page, as its licence may not allow it. The config's report.audio adds it.")


def _links(manifest: pd.DataFrame, folder: Path) -> dict[int, str]:
    """Relative addresses of files, each with the time at which the utterance begins and ends."""
    return {
        position: f"{quote(Path(os.path.relpath(row.file, folder)).as_posix())}#t={round(row.start, 3)},{round(row.end, 3)}"
        for position, row in enumerate(manifest.itertuples())
    }


def most_changed(changes: np.ndarray, limit: int) -> Sequence[int]:
    """Positions of the utterances whose answers change most, at most ``limit``; of equal ones the first."""
    return np.sort(np.argsort(-changes, kind="stable")[:limit]).tolist()


def opus(row: pd.Series) -> bytes:
    """An utterance as the models heard it, as Ogg Opus.

    Args:
        row: of a manifest.

    Raises:
        InputError: if the sound cannot be read, or has changed since the audit.
    """
    samples = read(
        row["file"], row["start"], row["end"], sha256=row["audio_sha256"], channel=row["channel"], remove_offset=bool(row["remove_offset"])
    )
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="OGG", subtype="OPUS")
    return renumbered(file.getvalue())


def renumbered(content: bytes) -> bytes:
    """An Ogg file whose stream has the number 0; encoders draw one at random, and the same sound must give the same bytes.

    The layout of pages and their checksum are those of RFC 3533, section 6.
    """
    pages, at = bytearray(content), 0
    while at < len(pages):
        segments = pages[at + 26]
        end = at + 27 + segments + sum(pages[at + 27 : at + 27 + segments])
        pages[at + 14 : at + 18] = bytes(4)
        pages[at + 22 : at + 26] = bytes(4)
        pages[at + 22 : at + 26] = checksum(bytes(pages[at:end])).to_bytes(4, "little")
        at = end
    return bytes(pages)


def checksum(page: bytes) -> int:
    """CRC of an Ogg page: zlib's polynomial with the bits of bytes and result in the other order, from 0 and without inversion."""
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)
