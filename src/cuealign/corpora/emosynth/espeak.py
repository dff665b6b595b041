"""Text to speech by libespeak-ng, driven through ctypes.

The library comes with the ``espeakng-loader`` wheel. espeak-ng is GPL-3 software that is called at
run time and is not part of this project.

espeak keeps state between calls, so that only the first synthesis after the library is loaded
depends on its arguments alone. :func:`synthesise` therefore loads the library, speaks once and unloads
it. That takes less than a millisecond, a tenth of what a process of its own takes.
"""

import _ctypes
import ctypes
import os

import espeakng_loader
import numpy as np

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_POSITION_CHARACTER = 1
_PARAMETERS = {"rate": 1, "pitch": 3, "range": 4}

_SYNTH_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def _load() -> tuple[ctypes.CDLL, int]:
    """The library in its first state, and its sampling rate in Hz."""
    path = espeakng_loader.get_library_path()
    if _is_loaded(path):
        raise RuntimeError("espeak-ng is loaded already, and may keep state from earlier calls")
    espeak = ctypes.CDLL(path)
    rate = espeak.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise RuntimeError(f"espeak-ng cannot be initialised (code {rate})")
    return espeak, rate


def _unload(espeak: ctypes.CDLL) -> None:
    espeak.espeak_Terminate()
    _ctypes.dlclose(espeak._handle)


def _is_loaded(path: str) -> bool:
    """True if the library is in this process; where it cannot be unloaded, it stays."""
    try:
        handle = _ctypes.dlopen(path, os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        return False
    _ctypes.dlclose(handle)
    return True


def synthesise(text: str, *, voice: str, rate: int, pitch: int, pitch_range: int, seed: int) -> tuple[np.ndarray, int]:
    """Speak ``text``; the same arguments give the same samples, whatever was spoken before.

    Args:
        text: what to say.
        voice: espeak voice with variant, such as ``en-us+f3``.
        rate: words per minute, 80 to 450.
        pitch: base pitch, 0 to 100 (50 is the default of the voice).
        pitch_range: 0 (monotone) to 100 (50 is the default).
        seed: of the random numbers in espeak.

    Returns:
        Samples (float64, in [-1, 1), shape ``(n,)``) and their rate in Hz.

    Raises:
        RuntimeError: if the library cannot be loaded in its first state, the voice is unknown, or there is no sound.
    """
    espeak, sampling_rate = _load()
    try:
        return _speak(espeak, text, voice=voice, parameters={"rate": rate, "pitch": pitch, "range": pitch_range}, seed=seed), sampling_rate
    finally:
        _unload(espeak)


def _speak(espeak: ctypes.CDLL, text: str, *, voice: str, parameters: dict[str, int], seed: int) -> np.ndarray:
    chunks: list[np.ndarray] = []

    def collect(samples, count, _events):
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        return 0

    callback = _SYNTH_CALLBACK(collect)
    espeak.espeak_SetSynthCallback(callback)
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        raise RuntimeError(f"espeak-ng has no voice {voice!r}")
    for name, value in parameters.items():
        espeak.espeak_SetParameter(_PARAMETERS[name], int(value), 0)
    espeak.espeak_ng_SetRandSeed(ctypes.c_long(seed))
    encoded = text.encode()
    espeak.espeak_Synth(encoded, len(encoded) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)
    espeak.espeak_Synchronize()
    if not chunks:
        raise RuntimeError(f"espeak-ng produced no sound for {text!r}")
    return np.concatenate(chunks).astype(np.float64) / 32768.0
