"""``figure_style``: what all figures have in common."""

from pydantic import Field

from cuealign.core.validation import StrictModel


class FigureStyle(StrictModel):
    """What all figures have in common."""

    titles: bool = Field(
        default=True,
        description="Title and cautions are in the picture, for a screen; without them, only the caption has both, as in a paper.",
    )
    font: str = Field(
        default="DejaVu Sans", min_length=1, description="Family of installed fonts; others fill in characters that it lacks."
    )
    column: float = Field(default=88, ge=60, le=200, description="Width of a paper's column in mm.")
    page: float = Field(default=182, ge=100, le=400, description="Width of both columns in mm.")
