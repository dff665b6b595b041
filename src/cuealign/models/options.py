"""Types of options that several backends have. Imports nothing heavy: the config is read by every job."""

from typing import Annotated, Literal

from pydantic import Field

Crop = Literal["centre", "tiled"]
"""What is used of a sound that is longer than the system's limit: its middle, or all of it in pieces whose embeddings are averaged."""

PinnedRepository = Annotated[str, Field(pattern=r"^[^@\s]+@[0-9a-f]{40}$")]
"""A repository of the hub at a commit: ``repository@commit``."""

Seconds = Annotated[int | float, Field(gt=0)]
"""A length of time."""

CROP = "What is used of a longer sound: its middle (`centre`), or all of it in pieces (`tiled`)."
PINNED = "Repository of the hub, as `repository@commit`; needed with `hub_id`, not with `path`."
"""Descriptions of these options."""
