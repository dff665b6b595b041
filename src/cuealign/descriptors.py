"""Means of the eGeMAPSv02 low-level descriptors, one row per utterance, extracted by openSMILE.

eGeMAPS: Eyben et al., The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research
and Affective Computing, IEEE Transactions on Affective Computing 7(2), 2016.
"""

import functools

import numpy as np
import opensmile
import pandas as pd

from cuealign import audio
from cuealign.errors import InputError, raise_all
from cuealign.parallel import parallel_map
from cuealign.schema import DESCRIPTOR_MEANS
from cuealign.vocabulary import DESCRIPTORS, VOICED_DESCRIPTORS

MINIMUM_SECONDS = 0.1
"""Shorter clips are padded with zeros at both ends to this length: openSMILE's F0 needs a 60 ms window."""

_F0 = DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")
_VOICED = np.array([name in VOICED_DESCRIPTORS for name in DESCRIPTORS])
# openSMILE reports 0 in voiced frames in which no two periods could be compared; its functionals leave those out.
_PERIODIC = np.array([name in ("jitterLocal_sma3nz", "shimmerLocaldB_sma3nz") for name in DESCRIPTORS])


@functools.cache
def _extractor() -> opensmile.Smile:
    return opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)


def low_level_descriptors(samples: np.ndarray) -> np.ndarray:
    """Return the 25 low-level descriptors per 10 ms frame.

    Args:
        samples: mono speech at 16 kHz, shape ``(n,)``; padded as :data:`MINIMUM_SECONDS` says.

    Returns:
        float32 array of shape ``(frames, 25)``, columns as :data:`cuealign.vocabulary.DESCRIPTORS`.
    """
    missing = int(MINIMUM_SECONDS * audio.RATE) - len(samples)
    if missing > 0:
        samples = np.pad(samples, (missing // 2, missing - missing // 2))
    # openSMILE converts to 16 bits without clipping: a sample of 1 or more would change its sign.
    samples = np.clip(samples, -1.0, 1.0 - 2.0**-15)
    frames = _extractor().process_signal(samples, audio.RATE)
    return frames[list(DESCRIPTORS)].to_numpy()


def mean_descriptors(frames: np.ndarray, *, voiced_mean: bool = True) -> np.ndarray:
    """Average descriptors over an utterance.

    Args:
        frames: shape ``(frames, 25)``.
        voiced_mean: average the descriptors named ``*nz`` over frames with F0 > 0, and of these jitter and
            shimmer over frames in which they were measured, as openSMILE's own functionals do; otherwise
            over all frames, in which unvoiced ones count as 0.

    Returns:
        float64 array of shape ``(26,)``: the means, then the share of voiced frames. Means over no frame
        are NaN: all voiced ones of an utterance without a voiced frame.
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


def _extract_one(row: tuple[str, float, float, str, bool]) -> np.ndarray | str:
    """Means of one utterance, or the problem with it."""
    file, start, end, sha256, voiced_mean = row
    try:
        means = mean_descriptors(low_level_descriptors(audio.read(file, start, end, sha256=sha256)), voiced_mean=voiced_mean)
    except InputError as error:
        return str(error)
    if not np.isfinite(means[~np.append(_VOICED, False)]).all():
        return f"{file}: openSMILE gave a value that is not finite"
    return means


def extract(manifest: pd.DataFrame, *, voiced_mean: bool = True, workers: int = 1) -> pd.DataFrame:
    """Extract the descriptor means of every utterance.

    Args:
        manifest: table of kind :data:`cuealign.schema.MANIFEST`.
        voiced_mean: see :func:`mean_descriptors`.
        workers: processes.

    Returns:
        Table of kind :data:`cuealign.schema.DESCRIPTOR_MEANS`, in the manifest's order.

    Raises:
        InputError: naming every file that cannot be read.
    """
    rows = [(row.file, row.start, row.end, row.audio_sha256, voiced_mean) for row in manifest.itertuples()]
    results = list(parallel_map(_extract_one, rows, "descriptors", unit="utterance", workers=workers))
    raise_all((result for result in results if isinstance(result, str)), where="descriptors")
    means = pd.DataFrame(np.stack(results), columns=[*DESCRIPTORS, "voiced_fraction"])
    means.insert(0, "utterance", manifest["utterance"].to_numpy())
    return DESCRIPTOR_MEANS.check(means, "descriptors")
