"""The ruler of the equivalent cue weight: how far the control listeners' log-odds spread once they are calibrated."""

import numpy as np

from cuealign.core.calibration import temperature
from cuealign.evaluation.grounding.clusters import Clusters


def temperatures(scores: np.ndarray, labels: np.ndarray, speakers: Clusters) -> np.ndarray:
    """Temperature of each utterance, fitted on the other speakers, shape ``(N,)``.

    A temperature that is wrong by a factor of two turns a weight of .25 into .14 or .40.
    """
    found = [temperature(scores[speakers.members != speaker], labels[speakers.members != speaker]) for speaker in range(speakers.count)]
    return np.array(found)[speakers.members]
