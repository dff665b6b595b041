"""Local checkpoints: find and hash them."""

import hashlib
import re
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


def hub_commit(folder: Path) -> str | None:
    """Commit of the hub from which a folder was downloaded, by the metadata that the hub's tools leave beside the files.

    None without such metadata, or if the files come from several commits.
    """
    found = {
        file.read_text(encoding="utf-8").split("\n")[0].strip()
        for file in sorted((folder / ".cache/huggingface/download").glob("*.metadata"))
    }
    snapshot = folder.resolve()
    if not found and snapshot.parent.name == "snapshots":  # a folder of the hub's cache
        found = {snapshot.name}
    commit = found.pop() if len(found) == 1 else ""
    return commit if re.fullmatch(r"[0-9a-f]{40}", commit) else None


def hash_folder(folder: Path) -> str:
    """sha256 over the names and bytes of all files in a checkpoint folder, in sorted order."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
