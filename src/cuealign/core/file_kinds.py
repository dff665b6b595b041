"""What a file is by its first bytes, for messages about files that are not what their ending says."""

from collections.abc import Mapping
from pathlib import Path

ANY = {
    b"version https://git-lfs": "a git-lfs pointer, not the file itself; fetch it with git lfs pull",
    b"<!doctype html": "a web page, not the file itself; download it again",
    b"<html": "a web page, not the file itself; download it again",
    b"\x1f\x8b": "compressed by gzip; unpack it",
}
"""Beginnings of files that may stand in the place of any other, each with what the file is and what to do."""


def kind(path: Path, kinds: Mapping[bytes, str]) -> str | None:
    """What the file is, if it begins like one of ``kinds``; markup may have white space before it and any case."""
    with path.open("rb") as file:
        start = file.read(512)
    markup = start.lstrip().lower()
    return next(
        (what for beginning, what in kinds.items() if (markup if beginning.startswith(b"<") else start).startswith(beginning)), None
    )
