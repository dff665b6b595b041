"""Sounds to test on."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
"""Sampling rate in Hz."""


def tone(seconds: float, *, pitch: float = 150.0, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """A voiced sound: decaying harmonics with a little noise, float32, shape ``(seconds * rate,)``."""
    time = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12) if pitch * k < rate / 2)
    return (0.1 * voice + 0.003 * np.random.default_rng(seed).standard_normal(len(time))).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Write 16-bit audio; the ending gives the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Rounded here: libsndfile rounds differently for different formats.
    soundfile.write(path, np.round(np.asarray(samples) * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16), rate, subtype="PCM_16")
    return path
