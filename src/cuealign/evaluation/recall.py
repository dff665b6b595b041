"""Confusion counts and unweighted average recall."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cuealign.core.errors import InputError
from cuealign.core.vocabulary import INVALID


def confusion_counts(predictions: pd.DataFrame, labels: Sequence[str], speakers: Sequence[str]) -> np.ndarray:
    """Count predictions per speaker, gold label and predicted label.

    Args:
        predictions: table of kind :data:`cuealign.core.schema.PREDICTIONS`.
        labels: in the order of rows and columns.
        speakers: in the order of the first axis.

    Returns:
        Integer counts, shape ``(speakers, labels, labels + 1)``; the last column counts INVALID answers.

    Raises:
        InputError: if the table has a speaker, label or prediction that is not given.
    """
    columns = {"speaker": list(speakers), "label": list(labels), "prediction": [*labels, INVALID]}
    codes = []
    for column, known in columns.items():
        index = pd.Index(known).get_indexer(predictions[column])
        if (index < 0).any():
            wrong = predictions[column].iloc[int(np.flatnonzero(index < 0)[0])]
            raise InputError(f"predictions: {column} {wrong!r} is not among {', '.join(known)}")
        codes.append(index)
    shape = tuple(map(len, columns.values()))
    return np.bincount(np.ravel_multi_index(codes, shape), minlength=int(np.prod(shape))).reshape(shape)


def unweighted_average_recall(confusion: np.ndarray) -> np.ndarray:
    """Mean of the class recalls (UAR), the measure of the INTERSPEECH 2009 Emotion Challenge (Schuller et al., 2009).

    Args:
        confusion: counts, shape ``(..., C, C + 1)``; rows are gold labels; the last column counts INVALID answers, which are
            wrong.

    Returns:
        UAR in [0, 1], shape ``(...)``; the mean skips classes without gold items.

    Raises:
        ValueError: if no class has a gold item.
    """
    support = confusion.sum(axis=-1)
    present = support > 0
    if not present.any(axis=-1).all():
        raise ValueError("no class has a gold item")
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    recall = np.divide(hits, support, out=np.zeros(np.shape(support), dtype=float), where=present)
    return recall.sum(axis=-1) / present.sum(axis=-1)
