"""What ``verdict.json`` states, for who reads it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cuealign.core.plain_files import Written
from cuealign.evaluation.grounding.verdicts import VERDICTS


def _known(verdict: str) -> str:
    if verdict not in VERDICTS:
        raise ValueError("unknown verdict")
    return verdict


Name = Annotated[str, AfterValidator(_known)]
Size = Annotated[float, Field(gt=0)]


class Stated(Written):
    """A value with its interval and the level of that; what is not known is None."""

    value: float | None
    low: float | None
    high: float | None
    confidence: Annotated[float, Field(gt=0, lt=1)]


class Numbers(Written):
    """The numbers that decide."""

    uar_none: Stated
    answers_moved: Stated
    share_answers: Stated
    correct_minus_none: Stated
    shuffle_minus_none: Stated
    conflict_minus_none: Stated
    shuffle_minus_none_95: Stated
    follow_index: Stated
    correct_minus_shuffle: Stated
    own_reader_index: Stated
    correct_minus_none_95: Stated
    cost_shuffle: Stated
    cost_conflict: Stated
    speakers: int
    chance: float
    noise_floor: float


class Sizes(Written):
    """The margins that were taken."""

    uar: Size
    answers: Size
    direction: Size
    share: Size
    own_reader: Size


class Half(Written):
    """The verdict with margins half as large."""

    factor: Annotated[float, Field(ge=0.5, le=0.5)]
    verdict: Name


class Twice(Written):
    """The verdict with margins twice as large."""

    factor: Annotated[float, Field(ge=2, le=2)]
    verdict: Name


class Judged(Written):
    """All of it (:func:`cuealign.evaluation.grounding.verdict.verdict`)."""

    verdict: Name
    reason: str
    sentence: str
    at_chance: bool | None
    numbers: Numbers
    margins: Sizes
    reference: Literal["log-odds", "blank", "audio-only"]
    follow_index_spread: float | None
    other_margins: tuple[Half, Twice]
    missing: list[str]
