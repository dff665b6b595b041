"""Finding one's way in the folder of a released corpus."""

import logging
from collections.abc import Iterator
from glob import glob
from pathlib import Path

from cuealign.core.errors import InputError

logger = logging.getLogger(__name__)

_SHOWN = 20


def visible(folder: Path, pattern: str) -> Iterator[Path]:
    """Paths below ``folder`` that match, sorted; linked folders are followed, hidden files left out.

    Among the hidden ones are the ``._`` files that some archives leave beside real ones.
    """
    # Path.glob() does not follow links in this version of Python.
    return (folder / name for name in sorted(glob(pattern, root_dir=folder, recursive=True)))  # noqa: PTH207


def locate(root: str, pattern: str, *, depth: int, what: str) -> Path:
    """The one folder at or below ``root`` in which ``pattern`` matches, the least deep one first.

    Args:
        root: folder that the user named.
        pattern: of files or folders inside the folder sought.
        depth: how many folders deep to look.
        what: name of the corpus, for messages.

    Raises:
        InputError: if there is no such folder, or more than one at the same depth.
    """
    base = Path(root)
    if not base.is_dir():
        raise InputError(f"{base}: there is no such folder (the root of {what})")
    for level in range(depth + 1):
        folders = [base] if level == 0 else [path for path in visible(base, "/".join("*" * level)) if path.is_dir()]
        found = [folder for folder in folders if next(visible(folder, pattern), None)]
        if len(found) > 1:
            raise InputError(f"{base}: {what} lies here more than once: {', '.join(map(str, found))}; name one of them as root")
        if found:
            return found[0]
    raise InputError(f"{base}: {what} is not here: no {pattern} in this folder nor {depth} folders below it")


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file; what an editor may have added to it is read over, and named in the log.

    Raises:
        InputError: if the file is no UTF-8 text.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
    if text.startswith("\ufeff"):
        logger.warning("%s: begins with a byte order mark, which the release does not have; read all the same", path)
    if "\r" in text:
        logger.warning("%s: lines end with CR LF, unlike those of the release; read all the same", path)
    # Not splitlines(), which also splits at form feeds and the like.
    yield from enumerate((line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")), start=1)


def printable(path: Path) -> str:
    """The path as text that any file can hold, also where its name is not UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def without_label(folder: Path, pattern: str, known: set[str]) -> list[str]:
    """One line per audio file that has no label line: the first thing to look at where counts do not agree."""
    lost = [printable(path.relative_to(folder)) for path in visible(folder, pattern) if path.stem not in known]
    lines = [f"{path}: there is no label line for this file" for path in lost[:_SHOWN]]
    return lines + [f"… and for {len(lost) - _SHOWN} files more"] * (len(lost) > _SHOWN)
