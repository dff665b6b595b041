"""Types of options that several backends share. Imports nothing heavy, since every job reads the config."""

from typing import Annotated, Literal

from pydantic import Field

Crop = Literal["centre", "tiled"]
"""Part of a sound to use if it is longer than the system's limit: its middle, or all of it in pieces whose embeddings are averaged."""

PinnedRepository = Annotated[str, Field(pattern=r"^[^@\s]+@[0-9a-f]{40}$")]
"""A repository of the hub at a commit: ``repository@commit``."""

Seconds = Annotated[int | float, Field(gt=0)]
"""A duration in seconds."""

CROP = "Part of a long sound to use: its middle (`centre`), or all of it in pieces (`tiled`)."
PINNED = "Repository of the hub, as `repository@commit`; required with `hub_id`, unused with `path`."
SECONDS = "Longest sound, in seconds; the rest of a longer one is cut off."
"""Descriptions of these options."""
