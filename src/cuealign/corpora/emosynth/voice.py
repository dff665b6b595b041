"""Add vocal effort and phonation, which a formant synthesiser cannot produce, to its output.

Samples have the shape ``(n,)``; ``rate`` is in Hz.
"""

import functools

import numpy as np
from scipy import fft, signal


def trim(samples: np.ndarray, rate: int, *, threshold_db: float = -45.0, margin: float = 0.05) -> np.ndarray:
    """Cut leading and trailing parts below ``threshold_db`` relative to the peak; keep ``margin`` seconds of them."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** (threshold_db / 20))
    pad = int(margin * rate)
    return samples[max(loud[0] - pad, 0) : loud[-1] + pad]


@functools.cache
def _butterworth(cutoff: float, kind: str, rate: int) -> np.ndarray:
    """Second-order sections of a Butterworth filter of order 2 (cutoff in Hz); designed once, as all utterances take the same."""
    return signal.butter(2, cutoff, kind, fs=rate, output="sos")


def envelope(samples: np.ndarray, rate: int, *, cutoff: float = 20.0) -> np.ndarray:
    """Amplitude envelope: the rectified signal through a second-order low-pass (cutoff in Hz)."""
    sos = _butterworth(cutoff, "lowpass", rate)
    return np.maximum(signal.sosfiltfilt(sos, np.abs(samples)), 0.0)


def tilt(samples: np.ndarray, rate: int, db_per_octave: float, *, pivot: float = 1000.0) -> np.ndarray:
    """Tilt the spectrum about ``pivot`` Hz by a zero-phase filter; positive values sound brighter."""
    size = fft.next_fast_len(len(samples), real=True)
    frequencies = np.clip(fft.rfftfreq(size, 1 / rate), 80.0, 6000.0)
    gain = 10 ** (db_per_octave * np.log2(frequencies / pivot) / 20)
    return fft.irfft(fft.rfft(samples, size) * gain, size)[: len(samples)]


def _slow_noise(count: int, rate: int, knots_per_second: float, random: np.random.Generator) -> np.ndarray:
    """Gaussian noise, interpolated between ``knots_per_second`` knots of unit variance, shape ``(count,)``."""
    knots = int(count / rate * knots_per_second) + 2
    return np.interp(np.linspace(0, knots - 1, count), np.arange(knots), random.standard_normal(knots))


def roughen(samples: np.ndarray, rate: int, amount: float, random: np.random.Generator) -> np.ndarray:
    """Perturb period and amplitude from cycle to cycle, which raises jitter and shimmer and lowers HNR.

    Args:
        amount: 0 (none) to 1 (strong: displacements of 0.12 ms and 45 % amplitude modulation, at
            the scale of a glottal cycle).
    """
    if amount <= 0:
        return samples
    time = np.arange(len(samples)) / rate
    warped = time + amount * 0.12e-3 * _slow_noise(len(samples), rate, 180.0, random)
    modulation = 1 + amount * 0.45 * _slow_noise(len(samples), rate, 140.0, random)
    return np.interp(warped, time, samples) * np.maximum(modulation, 0.05)


def aspirate(samples: np.ndarray, rate: int, level_db: float, random: np.random.Generator) -> np.ndarray:
    """Add breath: noise above 1.5 kHz that follows the envelope, ``level_db`` relative to the voice."""
    sos = _butterworth(1500.0, "highpass", rate)
    breath = signal.sosfilt(sos, random.standard_normal(len(samples))) * envelope(samples, rate)
    gain = rms(samples) / max(rms(breath), 1e-12) * 10 ** (level_db / 20)
    return samples + gain * breath


def soften(samples: np.ndarray, rate: int, db: float, *, cutoff: float) -> np.ndarray:
    """Raise everything below ``cutoff`` Hz by ``db``: the strong first harmonic of a lax glottis."""
    size = fft.next_fast_len(len(samples), real=True)
    weight = 1 / (1 + (fft.rfftfreq(size, 1 / rate) / cutoff) ** 6)
    return fft.irfft(fft.rfft(samples, size) * 10 ** (db * weight / 20), size)[: len(samples)]


def rms(samples: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(samples))))


def level(samples: np.ndarray, target_dbfs: float) -> np.ndarray:
    """Scale to an RMS of ``target_dbfs`` (0 dBFS is a full-scale square wave), peaks softly limited below 1."""
    scaled = samples * (10 ** (target_dbfs / 20) / max(rms(samples), 1e-12))
    return np.where(np.abs(scaled) > 0.7, np.sign(scaled) * (0.7 + 0.29 * np.tanh((np.abs(scaled) - 0.7) / 0.29)), scaled)
