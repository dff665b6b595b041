"""The ruler of the equivalent cue weight: how far the control listeners' log-odds spread once they are calibrated."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from cuealign.evaluation.grounding.clusters import Clusters

_LOGS = (np.log(0.02), np.log(50))  # bounds of the logarithm of a temperature


def temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """Temperature that makes log-probabilities most likely (Guo et al. 2017).

    Args:
        scores: shape ``(N, C)``.
        labels: gold labels, shape ``(N,)``.
    """

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=_LOGS, method="bounded").x))


def temperatures(scores: np.ndarray, labels: np.ndarray, speakers: Clusters) -> np.ndarray:
    """Temperature of each utterance, fitted on the other speakers, shape ``(N,)``.

    A temperature that is wrong by a factor of two turns a weight of .25 into .14 or .40.
    """
    found = [temperature(scores[speakers.members != speaker], labels[speakers.members != speaker]) for speaker in range(speakers.count)]
    return np.array(found)[speakers.members]
