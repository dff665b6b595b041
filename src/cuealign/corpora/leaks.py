"""Sound that occurs in more than one split, where a model may have heard in training what it is tested on."""

import os
from typing import NamedTuple

import pandas as pd

TOLERANCE = 0.01
"""Seconds by which segments may overlap, because their times are often rounded to hundredths of a second."""


class Overlap(NamedTuple):
    """Two segments of a file, in different splits, that share sound."""

    file: str
    start: float
    end: float
    split: str
    origin: str
    other_start: float
    other_end: float
    other_split: str
    other_origin: str

    def __str__(self) -> str:
        within = self.start >= self.other_start and self.end <= self.other_end
        return (
            f"{self.file}: {self.start:g} to {self.end:g} s ({self.split}) {'lies within' if within else 'overlaps'} "
            f"{self.other_start:g} to {self.other_end:g} s ({self.other_split}); {self.origin} and {self.other_origin}"
        )


def overlaps(table: pd.DataFrame) -> list[Overlap]:
    """Pairs of segments in different splits that share more than :data:`TOLERANCE` of a file, by file and time.

    Equal segments are left to :func:`same_sounds`.

    Args:
        table: columns ``file``, ``start``, ``end`` (s, none missing), ``split``, ``origin`` and ``audio_sha256``.
    """
    real = {file: os.path.realpath(file) for file in table["file"].unique()}
    place = table["file"].map(real)
    found = []
    for _, rows in table[place.duplicated(keep=False)].groupby(place):
        if rows["split"].nunique() == 1:
            continue
        open_segments: list = []  # those that may still overlap with later ones
        for row in rows.sort_values(["start", "end"]).itertuples():
            open_segments = [earlier for earlier in open_segments if earlier.end - row.start > TOLERANCE]
            for earlier in open_segments:
                shared = min(earlier.end, row.end) - row.start
                if earlier.split != row.split and shared > TOLERANCE and earlier.audio_sha256 != row.audio_sha256:
                    shorter, longer = sorted((earlier, row), key=lambda segment: (segment.end - segment.start, segment.start))
                    found.append(
                        Overlap(
                            *(row.file, shorter.start, shorter.end, shorter.split, shorter.origin),
                            *(longer.start, longer.end, longer.split, longer.origin),
                        )
                    )
            open_segments.append(row)
    return found


def same_sounds(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Groups of rows with the same samples, in the order of their first rows.

    Args:
        table: column ``audio_sha256``.
    """
    twice = table[table["audio_sha256"].duplicated(keep=False)]
    return [rows for _, rows in twice.groupby("audio_sha256", sort=False)]
