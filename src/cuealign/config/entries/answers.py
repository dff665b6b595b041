"""``answers.<label>``: how labels are spoken and read."""

from typing import Annotated

from pydantic import Field

from cuealign.core.validation import StrictModel


class Answer(StrictModel):
    """How a label is spoken."""

    word: Annotated[str, Field(min_length=1)] = Field(description="The word by which prompts offer the label.")
    synonyms: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[], description="Further words read as the label, matched whole and without regard to case."
    )
