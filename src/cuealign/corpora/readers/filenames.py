"""Reader ``filenames``: a corpus described by its file names alone, such as RAVDESS, EmoDB or CREMA-D.

Speaker, label, split and gender are parts of the path below ``root``. ``datasets.<id>.columns`` picks them from the only
column, ``file``.
"""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import InputError, raise_all
from cuealign.core.registry import PluginOptions
from cuealign.corpora.columns import pick
from cuealign.corpora.release import printable, visible
from cuealign.corpora.rows import RAW_COLUMNS, UNDRAWN, utterance_ids

logger = logging.getLogger(__name__)


class Options(PluginOptions):
    """Which files there are."""

    files: Annotated[str, Field(pattern=r"^[^/]")] = Field(
        default="**/*.wav",
        description="Pattern of the audio files below `root`; `**` stands for any folders. The case of the ending does not count.",
    )


def sources(_dataset: Dataset) -> list[str]:
    """None: the names of the files are the description (:func:`listing`)."""
    return []


def listing(dataset: Dataset) -> list[str]:
    """Names of all audio files, relative to the root; they are the description of the corpus.

    Raises:
        InputError: if the folder is missing, no file matches, a name is not UTF-8, or something that matches is no file.
    """
    return _listing(dataset)[0]


def _listing(dataset: Dataset) -> tuple[list[str], list[str]]:
    """Names of all audio files, and further names by which links lead to some of them."""
    root, pattern = Path(dataset.root), Options.model_validate(dataset.options).files
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder")
    ways: dict[str, list[str]] = {}
    lost = []
    for path in visible(root, _in_any_case(pattern)):
        if path.is_file():
            ways.setdefault(os.path.realpath(path), []).append(str(path.relative_to(root)))
        elif not path.is_dir():
            target = f"a link to {path.readlink()}, which does not exist" if path.is_symlink() else "a pipe or a device, no file"
            lost.append(f"{printable(path)}: is {target}")
    raise_all(lost, where=f"{root}: {pattern!r} (options.files) matches what is no file")
    # Of several ways to a file, the one through the fewest folders is no link, or the link nearest to the top.
    for found in ways.values():
        found.sort(key=lambda name: (name.count("/"), name))
    names, again = sorted(found[0] for found in ways.values()), [name for found in ways.values() for name in found[1:]]
    if broken := [name for name in names if printable(Path(name)) != name]:
        raise InputError(f"{root}: the name of {printable(Path(broken[0]))} is not UTF-8; rename it ({len(broken)} such files)")
    if not names:
        raise InputError(f"{root}: no file matches {pattern!r} (options.files)")
    return names, again


def _in_any_case(pattern: str) -> str:
    """The pattern with an ending in any case: recorders and Windows write ``.WAV``."""
    stem, dot, ending = pattern.rpartition(".")
    return (
        stem + dot + re.sub("[A-Za-z]", lambda letter: f"[{letter[0].lower()}{letter[0].upper()}]", ending) if ending.isalnum() else pattern
    )


def read(dataset: Dataset, _files: Sequence[str]) -> pd.DataFrame:
    """Read the names of the files.

    Args:
        dataset: entry of the config.

    Returns:
        Columns :data:`cuealign.corpora.rows.RAW_COLUMNS` and ``session``.

    Raises:
        InputError: lists all files whose names do not fit ``datasets.<id>.columns``.
    """
    root, (names, again) = Path(dataset.root), _listing(dataset)
    if again:
        logger.warning("%s: links lead to %d files a second time, such as %s; each file is one utterance", root, len(again), again[0])
    found = pd.DataFrame({"file": names}, index=pd.RangeIndex(1, len(names) + 1), dtype=str)
    table = pick(found, dataset.columns, path=root, word="file", split=UNDRAWN if dataset.split is not None else None)
    table["origin"] = [str(root / name) for name in names]
    table["utterance"] = utterance_ids(table)
    table["file"] = table["origin"]
    return table[[*RAW_COLUMNS, "session"]]
