"""Calibration: how sure log-probabilities should be. A part of its own, since models and their evaluation both need it."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_LOGS = (np.log(0.02), np.log(50))  # bounds of the logarithm of a temperature


def temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """Temperature that makes log-probabilities most likely (Guo et al. 2017).

    Args:
        scores: shape ``(N, C)``.
        labels: indices of the gold labels, shape ``(N,)``.

    Returns:
        What to divide scores by, between .02 and 50; above 1 for scores that are too sure.
    """

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=_LOGS, method="bounded").x))
