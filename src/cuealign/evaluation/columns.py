"""Columns of the files that the evaluation writes beside those of the analyses, for who writes and who reads them."""

from cuealign.core.plain_files import NUMBER

RELIANCE = ("quantity", "value", "low", "high", "session_low", "session_high")
READING = ("concept", "token", "label", "effect", "low", "high", "marked", "corpus")
INTERACTIONS = ("concept_a", "concept_b", "share", "low", "high")
SPEAKERS = ("speaker", "follow_index", "n")
CHECKS = ("quantity", "value", "caution")
PAIR = ("a", "b", "quantity")
MODEL_PAIRS = (*PAIR, "n", "delta", "low", "high", "p", "holm_p")

COLUMNS = {"reliance": RELIANCE, "reading": READING, "interactions": INTERACTIONS, "speakers": SPEAKERS, "checks": CHECKS}
"""By name of the file, those of one model on one split."""

KEYS = {
    "conditions": ("intervention", "p", "seed"),
    "comparisons": ("a", "b"),
    "trend": ("intervention",),
    "confusion": ("intervention", "p", "label", "prediction"),
    "shifts": ("intervention", "p", "quantity"),
    "reliance": ("quantity",),
    "reading": ("concept", "token", "label"),
    "interactions": ("concept_a", "concept_b"),
    "speakers": ("speaker",),
    "checks": ("quantity",),
}
"""Columns that name a row, by name of the file, of one model on one split."""

MAY_BE_EMPTY = ("comparisons", "trend", "reading", "interactions")
"""Files of one model on one split that have no row where the study does not run what they are about."""

TEXT = (
    *("p", "seed", "intervention", "label", "prediction", "a", "b", "quantity", "concept", "token", "concept_a", "concept_b", "speaker"),
    "caution",
)
"""Columns that hold text in any file of one model on one split, where ``p`` is a strength; the others hold numbers."""

FOUND_BY_JOBS = {"tensors_placed": NUMBER}
"""What every job finds out about its model, in ``shard*.checks.json``."""
