"""Names of conditions and of quantities of grounding."""

from collections.abc import Sequence

from cuealign.core.vocabulary import CONCEPTS

SHUFFLE, RANDOM, CONFLICT, NONE, CORRECT, BLANK = "shuffle", "corrupt(1.0)", "conflict", "none", "correct", "blank"
"""Conditions that quantities are about. Foreign blocks (shuffle) are real ones; random tokens (corrupt(1.0)) are independent."""


def written(condition: str) -> str:
    """A condition as quantities name it: ``corrupt(0.4)`` is ``corrupt_p0.4``."""
    return condition.replace("(", "_p").removesuffix(")")


def names(conditions: Sequence[str]) -> list[str]:
    """Names of all quantities of a model that was asked under some conditions, in the order of ``reliance.csv``."""
    asked = [written(condition) for condition in conditions]
    blocks = [name for name in asked if name != NONE]
    return [
        "answers_moved",
        "share_answers",
        "share_logodds",
        "share_logodds_additive",
        *(f"share_{concept}" for concept in CONCEPTS),
        "equivalent_cue_weight",
        "direction",
        "reading_agreement",
        *(f"reading_agreement_{concept}" for concept in CONCEPTS),
        "reading_ceiling",
        "information_bits",
        *(f"js_bits_{name}" for name in blocks),
        "follow_index",
        "follow_index_spread",
        "own_reader_index",
        "conflict_follow_rate",
        "format",
        "gain",
        "cost_shuffle",
        "cost_conflict",
        "format_ratio",
        *(f"flips_{name}" for name in blocks),
        *(f"neutral_{name}" for name in asked),
        *(f"calibration_error_{name}" for name in asked),
        *(f"prior_shift_{name}" for name in blocks),
        *(f"discrimination_{name}" for name in asked),
        "trend_slope",
    ]
