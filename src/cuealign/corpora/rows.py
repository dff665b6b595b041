"""What readers of any format do alike with their rows."""

import os
from pathlib import Path

import pandas as pd

_GENDERS = {"f": "female", "m": "male", "w": "female", "": "unknown", "other": "unknown"}


def normalise_gender(values: pd.Series) -> pd.Series:
    """``F``, ``Female``, ``w`` and the like as ``female``; nothing as ``unknown``; what is not understood as it is."""
    return values.str.strip().str.lower().replace(_GENDERS)


def utterance_ids(table: pd.DataFrame) -> list[str]:
    """Ids from file names without their ending, and the segment where a file holds several utterances.

    Args:
        table: columns ``file``, ``start`` and ``end`` (s; end NaN for the end of the file). Where files are named by
            whole paths, what all of these have in common, which names a machine, is not part of the ids.
    """
    files = [Path(file) for file in table["file"]]
    whole = [file.parent for file in files if file.is_absolute()]
    common = Path(os.path.commonpath(whole)) if whole else None
    files = [file.relative_to(common) if file.is_absolute() else file for file in files]
    stems = [str(file.with_suffix("")) for file in files]
    segments = table["file"].duplicated(keep=False) & ((table["start"] > 0) | table["end"].notna())
    return [
        f"{stem}[{row.start:g},{'' if pd.isna(row.end) else f'{row.end:g}'}]" if segment else stem
        for stem, segment, row in zip(stems, segments, table.itertuples(), strict=True)
    ]
