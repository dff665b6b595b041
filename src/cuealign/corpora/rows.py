"""What all readers do with their rows."""

import os
from pathlib import Path

import pandas as pd

RAW_COLUMNS = ("utterance", "file", "start", "end", "speaker", "gender", "language", "raw_label", "split", "origin")
"""Columns of the table that a reader returns. ``start`` and ``end`` are in seconds (end NaN: the end of the file), the others
text. ``origin`` names file and row. A further column ``session`` names the recording session where several speakers share one."""

UNDRAWN = "undrawn"
"""Value of the split column of a table that needs none, because ``datasets.<id>.split`` draws the splits."""

_GENDERS = {"f": "female", "m": "male", "w": "female", "": "unknown", "other": "unknown"}


def normalise_gender(values: pd.Series) -> pd.Series:
    """Normalise ``F``, ``Female``, ``w`` and the like to ``female``, and empty text to ``unknown``; other text stays as it is."""
    return values.str.strip().str.lower().replace(_GENDERS)


def utterance_ids(table: pd.DataFrame) -> list[str]:
    """Ids of utterances: the file without its ending, plus the segment if a file has several utterances.

    Args:
        table: columns ``file``, ``start`` and ``end`` (s; end NaN for the end of the file). Ids contain only the last folder of
            an absolute path, or of a path with ``..``, because the rest depends on the machine.
    """
    files = [Path(os.path.normpath(file)) for file in table["file"]]
    files = [Path(*file.parts[-2:]) if file.is_absolute() or ".." in file.parts else file for file in files]
    stems = [str(file.parent / file.stem).replace("..", "") for file in files]
    segments = pd.Series(files, dtype=object).duplicated(keep=False).to_numpy() & ((table["start"] > 0) | table["end"].notna()).to_numpy()
    return [
        f"{stem}[{row.start:.10g},{'' if pd.isna(row.end) else f'{row.end:.10g}'}]" if segment else stem
        for stem, segment, row in zip(stems, segments, table.itertuples(), strict=True)
    ]
