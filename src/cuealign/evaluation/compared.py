"""Which conditions are compared."""

from collections.abc import Sequence

from cuealign.evaluation.evaluation import Group

_NONE, _CORRECT = ("none", "0"), ("correct", "0")


def compared(groups: Sequence[Group]) -> list[tuple[Group, Group]]:
    """Pairs to compare: correct with audio-only, correct with each perturbation, and each perturbation with audio-only."""
    perturbed = [group for group in groups if group not in (_NONE, _CORRECT)]
    pairs = [(_CORRECT, _NONE)] + [(_CORRECT, group) for group in perturbed] + [(group, _NONE) for group in perturbed]
    return [pair for pair in pairs if pair[0] in groups and pair[1] in groups]
