"""Answers, log-probabilities and tokens of one model on one split as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from cuealign.core.errors import InputError
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.evaluation.evaluation import Condition, Evaluation
from cuealign.interventions.conditions import condition_id


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


def trials(evaluation: Evaluation, tokens: Mapping[Condition, pd.DataFrame]) -> Trials:
    """Arrays of an evaluation.

    Args:
        evaluation: of the model.
        tokens: under each of its conditions that has a cue block, columns ``utterance`` and the six concepts.

    Raises:
        InputError: if an utterance has no tokens under a condition.
    """
    first = next(iter(evaluation.predictions.values()))
    labels = list(evaluation.labels)
    sessions = None if (first["session"] == "").any() else np.unique(first["session"], return_inverse=True)[1]
    return Trials(
        labels=pd.Index(labels).get_indexer(first["label"]),
        speakers=pd.Index(evaluation.speakers).get_indexer(first["speaker"]),
        sessions=sessions,
        names=tuple(labels),
        conditions={condition_id(*group): _draws(evaluation, members, tokens) for group, members in evaluation.groups.items()},
    )


def of_utterances(predictions: Mapping[Condition, pd.DataFrame], utterances: Sequence[str]) -> dict[Condition, pd.DataFrame]:
    """Rows of another model's predictions on some utterances, in their order; empty if it did not answer one of them."""
    found = {}
    for condition, table in predictions.items():
        place = pd.Index(table["utterance"]).get_indexer(list(utterances))
        if (place < 0).any():
            return {}
        found[condition] = table.iloc[place].reset_index(drop=True)
    return found


def _draws(evaluation: Evaluation, members: list[Condition], tokens: Mapping[Condition, pd.DataFrame]) -> Draws:
    labels = list(evaluation.labels)
    tables = [evaluation.predictions[member] for member in members]
    answers = np.stack([pd.Index(labels).get_indexer(table["prediction"]) for table in tables], axis=1)
    columns = [f"logprob_{label}" for label in labels]
    scores = None
    if all(set(columns) <= set(table.columns) for table in tables):
        scores = log_softmax(np.stack([table[columns].to_numpy(dtype=float) for table in tables], axis=1), axis=-1)
    named = None
    if all(member in tokens for member in members):
        named = np.stack(
            [_levels(tokens[member], table["utterance"], member) for member, table in zip(members, tables, strict=True)], axis=1
        )
    return Draws(np.where(answers < 0, len(labels), answers), scores, named)


def _levels(tokens: pd.DataFrame, utterances: pd.Series, condition: Condition) -> np.ndarray:
    """Indices of the tokens of some utterances, shape ``(N, 6)``."""
    place = pd.Index(tokens["utterance"]).get_indexer(utterances)
    if (place < 0).any():
        missing = utterances.iloc[int(np.flatnonzero(place < 0)[0])]
        raise InputError(f"condition {condition}: utterance {missing!r} has a prediction but no tokens; make the interventions again")
    chosen = tokens.iloc[place]
    return np.stack([pd.Index(TOKENS[concept]).get_indexer(chosen[concept]) for concept in CONCEPTS], axis=1)
