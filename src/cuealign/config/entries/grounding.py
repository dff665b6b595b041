"""``grounding``: how the use of the cues is judged."""

from pydantic import Field

from cuealign.core.validation import StrictModel


class Margins(StrictModel):
    """What counts as too little to matter."""

    uar: float = Field(default=0.02, gt=0, description="Differences of UAR within this are none; about the paper's smallest gain.")
    answers: float = Field(
        default=0.02,
        gt=0,
        description="Share of answers that foreign blocks may move and the model still ignores them; the noise floor is added.",
    )
    direction: float = Field(default=0.01, gt=0, description="Follow index, or UAR lost by shuffling, from which a direction counts.")
    share: float = Field(default=0.8, gt=0, lt=1, description="Share of the variation of answers from which a model follows.")
    own_reader: float = Field(default=0.5, gt=0, lt=1, description="Agreement with its own additive reader from which a model follows.")


class Judgement(StrictModel):
    """How the use of the cues is judged."""

    margins: Margins = Field(default=Margins(), description="What the verdict takes for too little to matter; see below.")
    towards: str = Field(default="neutral", description="Label whose share of the answers is reported under each condition.")
