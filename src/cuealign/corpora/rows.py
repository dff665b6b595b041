"""What readers of any format do alike with their rows."""

import os
from pathlib import Path

import pandas as pd

RAW_COLUMNS = ("utterance", "file", "start", "end", "speaker", "gender", "language", "raw_label", "split", "origin")
"""What a reader returns: text, but start and end (s, end NaN for the end of the file); ``origin`` names file and row."""

_GENDERS = {"f": "female", "m": "male", "w": "female", "": "unknown", "other": "unknown"}


def normalise_gender(values: pd.Series) -> pd.Series:
    """``F``, ``Female``, ``w`` and the like as ``female``; nothing as ``unknown``; what is not understood as it is."""
    return values.str.strip().str.lower().replace(_GENDERS)


def utterance_ids(table: pd.DataFrame) -> list[str]:
    """Ids from file names without their ending, and the segment where a file holds several utterances.

    Args:
        table: columns ``file``, ``start`` and ``end`` (s; end NaN for the end of the file). Of a whole path, or one that
            leads upwards, only the last folder is part of the id: the rest names a machine and its user.
    """
    files = [Path(os.path.normpath(file)) for file in table["file"]]
    files = [Path(*file.parts[-2:]) if file.is_absolute() or ".." in file.parts else file for file in files]
    stems = [str(file.parent / file.stem).replace("..", "") for file in files]
    segments = pd.Series(files, dtype=object).duplicated(keep=False).to_numpy() & ((table["start"] > 0) | table["end"].notna()).to_numpy()
    return [
        f"{stem}[{row.start:.10g},{'' if pd.isna(row.end) else f'{row.end:.10g}'}]" if segment else stem
        for stem, segment, row in zip(stems, segments, table.itertuples(), strict=True)
    ]
