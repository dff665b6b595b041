"""``statistics``: resampling."""

from pydantic import Field

from cuealign.core.validation import StrictModel


class Statistics(StrictModel):
    """Resampling."""

    resamples: int = Field(default=10_000, ge=100, le=1_000_000, description="Bootstrap resamples over speakers.")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="Level of the intervals.")
    seed: int = Field(default=0, ge=0, description="Seed of the bootstrap.")
