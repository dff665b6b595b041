"""Mean eGeMAPSv02 low-level descriptors of an utterance, computed by openSMILE.

eGeMAPS: Eyben et al., The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research
and Affective Computing, IEEE Transactions on Affective Computing 7(2), 2016.
"""

import functools

import numpy as np
import opensmile

from cuealign.core import audio
from cuealign.core.vocabulary import DESCRIPTORS, SPECTRAL_DESCRIPTORS, VOICED_DESCRIPTORS

MINIMUM_SECONDS = 0.1
"""Shorter clips are padded with zeros at both ends to this length. openSMILE's F0 needs a window of 60 ms."""

_F0 = DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")
_VOICED = np.array([name in VOICED_DESCRIPTORS for name in DESCRIPTORS])
# In voiced frames without two comparable periods openSMILE reports 0. Its functionals skip these frames.
_SPECTRAL = np.array([name in SPECTRAL_DESCRIPTORS for name in DESCRIPTORS])
_OVERTONE_A3, _A3 = DESCRIPTORS.index("logRelF0-H1-A3_sma3nz"), DESCRIPTORS.index("F3amplitudeLogRelF0_sma3nz")
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


NO_HARMONIC = -60.0
"""Level of the third formant in dB, relative to the fundamental, below which openSMILE found no harmonic at its frequency."""


def phonetic_harmonics(frames: np.ndarray) -> np.ndarray:
    """Mean level of the fundamental against the second partial and against the third formant.

    What openSMILE 2 names H1 in H1-H2 and H1-A3 is the first overtone, since its H0 is the fundamental: raise the second partial
    of a tone by 12 dB, and its H1-H2 rises by 12 dB. The levels of formants are relative to the fundamental, so the phonetic
    differences follow from the descriptors: H1-A3 is minus the level of the third formant, and H1-H2 is what openSMILE's H1-A3
    lacks of that.

    Args:
        frames: shape ``(frames, 25)``.

    Returns:
        Mean H1-H2 and H1-A3 in dB, shape ``(2,)``, over voiced frames in which a harmonic was found (:data:`NO_HARMONIC`); NaN
        without any.
    """
    frames = frames.astype(np.float64)
    counted = (frames[:, _F0] > 0) & (frames[:, _A3] > NO_HARMONIC)
    if not counted.any():
        return np.full(2, np.nan)
    a3 = frames[counted, _A3]
    return np.array([-(frames[counted, _OVERTONE_A3] + a3).mean(), -a3.mean()])


def utterance_descriptors(samples: np.ndarray) -> np.ndarray:
    """Compute the means of an utterance, and what options of the tokens need besides.

    Args:
        samples: mono speech at 16 kHz, shape ``(n,)``.

    Returns:
        float64 array of shape ``(48,)``: means with voiced descriptors averaged over voiced frames, share of voiced frames,
        means of the voiced descriptors over all frames, and of voiced frames alone the means of the spectrum's slope, the median
        of F0 and the phonetic harmonics. The order is that of :data:`cuealign.core.schema.DESCRIPTOR_MEANS`.
    """
    frames = low_level_descriptors(samples)
    voiced = frames[frames[:, _F0] > 0].astype(np.float64)
    if len(voiced):
        of_voiced_frames = np.append(voiced[:, _SPECTRAL].mean(axis=0), np.median(voiced[:, _F0]))
    else:
        of_voiced_frames = np.full(_SPECTRAL.sum() + 1, np.nan)
    plain = mean_descriptors(frames, voiced_mean=False)[:-1][_VOICED]
    return np.concatenate([mean_descriptors(frames), plain, of_voiced_frames, phonetic_harmonics(frames)])
