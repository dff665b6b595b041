"""Descriptors that were computed before, by the hash of the sound: the same sound is never given to openSMILE twice."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa

from cuealign.core import audio
from cuealign.core.schema import DESCRIPTOR_MEANS
from cuealign.cues import descriptors
from cuealign.runtime.append_only import AppendOnlyFolder
from cuealign.runtime.code_version import code_version

COLUMNS = tuple(name for name in DESCRIPTOR_MEANS.columns if name != "utterance")
"""Names of the means of an utterance, in order."""

_TEXT = ("audio_sha256", "samples_sha256", "method")
_SCHEMA = pa.schema([*((name, pa.string()) for name in _TEXT), *((name, pa.float64()) for name in COLUMNS)])


@dataclass(frozen=True)
class Extracted:
    """Descriptors of one sound.

    Attributes:
        audio_sha256: of the sound as its file has it (:func:`cuealign.core.audio.fingerprint`).
        samples_sha256: of the samples that openSMILE gets, mono at 16 kHz.
        means: in the order of :data:`COLUMNS`, shape ``(48,)``.
    """

    audio_sha256: str
    samples_sha256: str
    means: np.ndarray


class DescriptorStore:
    """Descriptors on disk.

    Args:
        folder: of the store, made if it does not exist.

    Attributes:
        by_audio: means by ``audio_sha256``.
        by_samples: means by ``samples_sha256``.
    """

    def __init__(self, folder: Path | str) -> None:
        self._parts, self._method = AppendOnlyFolder(folder, "descriptors", _SCHEMA), method()
        self.by_audio: dict[str, np.ndarray] = {}
        self.by_samples: dict[str, np.ndarray] = {}
        for part in self._parts.read():
            table = part.to_pandas()
            table = table[table["method"] == self._method]
            means = table[list(COLUMNS)].to_numpy()
            self.by_audio.update(zip(table["audio_sha256"], means, strict=True))
            self.by_samples.update(zip(table["samples_sha256"], means, strict=True))

    def append(self, rows: Sequence[Extracted]) -> None:
        """Write descriptors; on return they are on disk."""
        columns = dict(zip(COLUMNS, np.stack([row.means for row in rows]).T, strict=True))
        keys = {name: [getattr(row, name) for row in rows] for name in ("audio_sha256", "samples_sha256")}
        self._parts.append(pa.table({**keys, "method": [self._method] * len(rows), **columns}))


def method() -> str:
    """Versions of everything that determines the descriptors of a sound: our code, openSMILE and the resampler."""
    return f"{code_version('cuealign.cues.descriptors')} opensmile {version('opensmile')} soxr {version('soxr')}"


def samples_sha256(samples: np.ndarray) -> str:
    """Hash of samples as openSMILE gets them, mono at 16 kHz, shape ``(n,)``."""
    return audio.fingerprint(samples[:, None], audio.RATE)


_known: ContextVar[Callable[[], Mapping[str, np.ndarray]]] = ContextVar("known descriptors", default=dict)


@contextmanager
def known_descriptors(folder: Path | str) -> Iterator[None]:
    """In the block, :func:`descriptors_of` takes from a store what is there. The store is read when it is first asked."""
    token = _known.set(functools.cache(lambda: DescriptorStore(folder).by_samples))
    try:
        yield
    finally:
        _known.reset(token)


def descriptors_of(samples: np.ndarray) -> np.ndarray:
    """Descriptors of a sound, computed unless exactly these samples are known.

    Args:
        samples: mono speech at 16 kHz, shape ``(n,)``.

    Returns:
        As :func:`cuealign.cues.descriptors.utterance_descriptors`.
    """
    found = _known.get()().get(samples_sha256(samples))
    return descriptors.utterance_descriptors(samples) if found is None else found
