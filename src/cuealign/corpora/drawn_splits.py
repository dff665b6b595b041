"""Splits that are drawn by speaker."""

from collections.abc import Iterable

from cuealign.core.seeding import derive_seed


def draw_speakers(speakers: Iterable[str], *, share: float, seed: int) -> set[str]:
    """Speakers of the split ``test``, drawn without regard to anything but their names.

    Speakers are ranked by a hash of seed and name, and the first ones are taken. So the number and the order of their utterances
    do not matter, and a new speaker moves at most one of the others.

    Args:
        speakers: names of two speakers or more, each any number of times.
        share: of the speakers, between 0 and 1; rounded to whole speakers, at least one in and one out.
        seed: of the draw.
    """
    ranked = sorted(set(speakers), key=lambda speaker: derive_seed("split", seed, speaker))
    return set(ranked[: min(max(round(share * len(ranked)), 1), len(ranked) - 1)])
