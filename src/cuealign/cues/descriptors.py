"""Mean eGeMAPSv02 low-level descriptors of an utterance, computed by openSMILE.

eGeMAPS: Eyben et al., The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research
and Affective Computing, IEEE Transactions on Affective Computing 7(2), 2016.
"""

import functools

import numpy as np
import opensmile

from cuealign.core import audio
from cuealign.core.vocabulary import DESCRIPTORS, VOICED_DESCRIPTORS

MINIMUM_SECONDS = 0.1
"""Shorter clips are padded with zeros at both ends to this length. openSMILE's F0 needs a window of 60 ms."""

_F0 = DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")
_VOICED = np.array([name in VOICED_DESCRIPTORS for name in DESCRIPTORS])
# In voiced frames without two comparable periods openSMILE reports 0. Its functionals skip these frames.
_PERIODIC = np.array([name in ("jitterLocal_sma3nz", "shimmerLocaldB_sma3nz") for name in DESCRIPTORS])


@functools.cache
def _extractor() -> opensmile.Smile:
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    if tuple(smile.feature_names) != DESCRIPTORS:
        raise RuntimeError(f"openSMILE {opensmile.__version__} does not give the descriptors of eGeMAPSv02 but {smile.feature_names}")
    return smile


def low_level_descriptors(samples: np.ndarray) -> np.ndarray:
    """Compute the 25 low-level descriptors of every 10 ms frame.

    Args:
        samples: mono speech at 16 kHz, shape ``(n,)``; padded if shorter than :data:`MINIMUM_SECONDS`.

    Returns:
        float32 array of shape ``(frames, 25)``, in the order of :data:`cuealign.core.vocabulary.DESCRIPTORS`.
    """
    missing = int(MINIMUM_SECONDS * audio.RATE) - len(samples)
    if missing > 0:
        samples = np.pad(samples, (missing // 2, missing - missing // 2))
    # openSMILE converts to 16 bits without clipping: the sign of a sample of 1 or more would flip.
    samples = np.clip(samples, -1.0, 1.0 - 2.0**-15)
    return _extractor()(samples, audio.RATE)[0].T


def mean_descriptors(frames: np.ndarray, *, voiced_mean: bool = True) -> np.ndarray:
    """Average descriptors over an utterance.

    Args:
        frames: shape ``(frames, 25)``.
        voiced_mean: if True, average the descriptors named ``*nz`` over frames with F0 > 0, and jitter and shimmer
            only over those in which they were measured, as openSMILE's functionals do. If False, average over
            all frames, with 0 in unvoiced ones.

    Returns:
        float64 array of shape ``(26,)``: the means, then the share of voiced frames. Without a voiced frame the
        voiced means are NaN.
    """
    frames = frames.astype(np.float64)
    voiced = frames[:, _F0] > 0
    means = frames.mean(axis=0)
    if voiced_mean:
        counted = voiced[:, None] & ((frames > 0) | ~_PERIODIC)
        sums, counts = np.where(counted, frames, 0).sum(axis=0), counted.sum(axis=0)
        means[_VOICED] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)[_VOICED]
    elif not voiced.any():
        means[_VOICED] = np.nan
    return np.append(means, voiced.mean())


def utterance_descriptors(samples: np.ndarray) -> np.ndarray:
    """Compute both kinds of means of an utterance.

    Args:
        samples: mono speech at 16 kHz, shape ``(n,)``.

    Returns:
        float64 array of shape ``(41,)``: means with voiced descriptors averaged over voiced frames, share of voiced frames,
        and means of the voiced descriptors over all frames. The order is that of :data:`cuealign.core.schema.DESCRIPTOR_MEANS`.
    """
    frames = low_level_descriptors(samples)
    return np.concatenate([mean_descriptors(frames), mean_descriptors(frames, voiced_mean=False)[:-1][_VOICED]])
