"""Whether files of a corpus were replaced in place: their sizes and times."""

import hashlib
import os
from collections.abc import Iterable


def state(file: str) -> str:
    """Size and time of change of a file, which tell whether it was replaced; empty if there is no such file."""
    try:
        status = os.stat(file)  # noqa: PTH116  (a corpus may have 100,000 files)
    except (OSError, ValueError):
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def states(files: Iterable[str]) -> str:
    """One hash of the names, sizes and times of all files of a corpus."""
    return hashlib.sha256("\n".join(f"{file} {state(file)}" for file in sorted(set(files))).encode("utf-8", "surrogateescape")).hexdigest()
