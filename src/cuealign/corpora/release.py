"""Find and read files in the folder of a corpus."""

import logging
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from unicodedata import normalize

from cuealign.core.errors import InputError
from cuealign.core.text import some

logger = logging.getLogger(__name__)

_SHOWN = 20


def visible(folder: Path, pattern: str) -> Iterator[Path]:
    """Paths below ``folder`` that match, sorted. Linked folders are followed; hidden files are left out.

    Some archives put hidden ``._`` files beside the real ones.
    """
    # Path.glob() does not follow links in this version of Python.
    return (folder / name for name in sorted(glob(pattern, root_dir=folder, recursive=True)))  # noqa: PTH207


def on_disk(folder: Path, name: str) -> Path:
    """Path of a file as the disk writes it, if it is not there as named.

    A Mac writes ``ö`` as two characters, and some recorders and copies write endings in capitals.
    """
    named = folder / name
    if not named.exists():
        for other in (normalize("NFC", name), normalize("NFD", name)):
            stem, dot, ending = other.rpartition(".")
            for form in (other, stem + dot + ending.upper(), stem + dot + ending.lower()):
                if (folder / form).exists():
                    return folder / form
    return named


def locate(root: str, pattern: str, *, depth: int, what: str) -> Path:
    """The folder at or below ``root`` in which ``pattern`` matches, at the smallest depth.

    Args:
        root: folder from the config.
        pattern: of files or folders inside the wanted folder.
        depth: number of levels to search below ``root``.
        what: name of the corpus, for messages.

    Raises:
        InputError: if no folder matches, or several at the same depth.
    """
    base = Path(root)
    if not base.is_dir():
        raise InputError(f"{base}: there is no such folder (the root of {what})")
    for level in range(depth + 1):
        folders = [base] if level == 0 else [path for path in visible(base, "/".join("*" * level)) if path.is_dir()]
        found = [folder for folder in folders if next(visible(folder, pattern), None)]
        if len(found) > 1:
            raise InputError(f"{base}: {what} is here more than once: {some(found)}; set root to one of them")
        if found:
            return found[0]
    raise InputError(
        f"{base}: {what} is not here: no {pattern} in this folder or up to {depth} levels below; set root to the folder of the corpus"
    )


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file. A byte order mark and CR LF, which editors add, are ignored and logged.

    Raises:
        InputError: if the file is not UTF-8 text.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
    if text.startswith("\ufeff"):
        logger.warning("%s: begins with a byte order mark, unlike that of the release; ignored", path)
    if "\r" in text:
        logger.warning("%s: lines end with CR LF, unlike those of the release; ignored", path)
    # Not splitlines(), which also splits at form feeds and the like.
    yield from enumerate((line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")), start=1)


def printable(path: Path) -> str:
    """Text of a path that can be encoded as UTF-8, even if the path itself is not UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def without_label(folder: Path, pattern: str, known: set[str]) -> list[str]:
    """One message per audio file without a label line: the first thing to check if counts are wrong."""
    unlabelled = [printable(path.relative_to(folder)) for path in visible(folder, pattern) if path.stem not in known]
    lines = [f"{path}: there is no label line for this file" for path in unlabelled[:_SHOWN]]
    return lines + [f"… and for {len(unlabelled) - _SHOWN} more files"] * (len(unlabelled) > _SHOWN)
