"""Which conditions are compared, in one model and between two."""

from collections.abc import Mapping, Sequence

from cuealign.evaluation.evaluation import Condition, Group

_NONE, _CORRECT = ("none", "0"), ("correct", "0")

BETWEEN_MODELS: Mapping[str, Mapping[Condition, float]] = {
    "uar_none": {(*_NONE, "0"): 1.0},
    "uar_correct": {(*_CORRECT, "0"): 1.0},
    "gain": {(*_CORRECT, "0"): 1.0, (*_NONE, "0"): -1.0},
}
"""Quantities that models are compared in, as weighted sums of the UARs of conditions."""


def compared(groups: Sequence[Group]) -> list[tuple[Group, Group]]:
    """Pairs to compare: correct with audio-only, correct with each perturbation, and each perturbation with audio-only."""
    perturbed = [group for group in groups if group not in (_NONE, _CORRECT)]
    pairs = [(_CORRECT, _NONE)] + [(_CORRECT, group) for group in perturbed] + [(group, _NONE) for group in perturbed]
    return [pair for pair in pairs if pair[0] in groups and pair[1] in groups]
