"""Corpora: one module per reader, found by its file name.

A reader module defines ``sources(dataset) -> list of files`` (what the manifest depends on) and
``read(dataset, sources) -> table`` with the columns of :data:`RAW_COLUMNS`. To add a corpus format, add a module
and name it as ``reader`` in ``config/datasets.yaml``.
"""

import importlib
import pkgutil
from types import ModuleType

from cuealign.errors import ConfigError

_NOT_READERS = {"emosynth", "gate"}

RAW_COLUMNS = ("utterance", "file", "start", "end", "speaker", "gender", "language", "label", "split", "origin")
"""What a reader returns: text, but start and end (float, end NaN for the end of the file); ``origin`` names file and row."""


def readers() -> list[str]:
    """Names of the readers that this version includes; imports none of them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NOT_READERS)


def reader_module(name: str) -> ModuleType:
    """Import a reader.

    Raises:
        ConfigError: if this version does not include it.
    """
    if name not in readers():
        raise ConfigError(f"the reader {name!r} is not included in this version (included: {', '.join(readers())})")
    return importlib.import_module(f"{__name__}.{name}")
