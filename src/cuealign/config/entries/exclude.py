"""``exclude``: what of the grid is not run here."""

from pydantic import Field

from cuealign.config.entries.base import Slug
from cuealign.core.validation import StrictModel


class Exclude(StrictModel):
    """Models and datasets that the grid names and this study leaves out."""

    models: list[Slug] = Field(default=[], description="Keys of `models`, such as those whose checkpoints you lack.")
    datasets: list[Slug] = Field(default=[], description="Keys of `datasets`, such as those that you lack.")
