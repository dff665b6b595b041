"""Answers, log-probabilities and tokens of one model on one split as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Draws:
    """What a model answered under one condition, for all draws (seeds) of it.

    Attributes:
        answers: indices of labels, shape ``(N, S)`` for N utterances and S draws; as many as there are labels stands for INVALID.
        scores: log-probabilities of the labels, normalised, shape ``(N, S, C)``; None for a model without them.
        tokens: indices of the tokens that the cue block named, shape ``(N, S, 6)``, -1 for UNVOICED and tokens without a level;
            None without a cue block.
    """

    answers: np.ndarray
    scores: np.ndarray | None
    tokens: np.ndarray | None


@dataclass(frozen=True)
class Trials:
    """One model on one split.

    Attributes:
        labels: gold labels as indices, shape ``(N,)``.
        speakers: as indices, shape ``(N,)``.
        sessions: as indices, shape ``(N,)``; None where the corpus has none.
        names: of the labels, C of them.
        conditions: by id, such as ``none``, ``correct``, ``shuffle``, ``conflict``, ``blank`` or ``corrupt(1.0)``.
    """

    labels: np.ndarray
    speakers: np.ndarray
    sessions: np.ndarray | None
    names: tuple[str, ...]
    conditions: Mapping[str, Draws]
