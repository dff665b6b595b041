"""``report``: the results page."""

from typing import Literal

from pydantic import Field

from cuealign.core.validation import StrictModel


class Report(StrictModel):
    """What the results page holds."""

    audio: Literal["none", "link", "embed"] = Field(
        default="none",
        description="Sound of the utterances: `none`; `link`, by the path of the file, which only works on this machine; `embed`, within "
        "the page, if the licence allows it. Sound that the workflow itself made is linked within `results/` in any case.",
    )
    embedded: int = Field(
        default=200,
        ge=1,
        description="For `embed`: the most utterances whose sound the page holds, about 10 kB each, those first whose answers change most.",
    )
