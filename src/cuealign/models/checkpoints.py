"""Local checkpoints: find and hash them."""

import hashlib
from pathlib import Path

from cuealign.core.errors import ModelError


def local_folder(path: str | Path, model: str) -> Path:
    """Return ``path`` if it is a folder with a ``config.json``.

    Raises:
        ModelError: otherwise.
    """
    folder = Path(path)
    if not (folder / "config.json").is_file():
        raise ModelError(f"model {model!r}: {folder} contains no checkpoint (config.json is missing); check models.{model}.path")
    return folder


def hash_folder(folder: Path) -> str:
    """sha256 over the names and bytes of all files in a checkpoint folder, in sorted order."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
