"""Readers: one module per corpus format, found by its file name.

A reader module defines

* ``Options``: a pydantic model of ``datasets.<id>.options``, without fields if there are none;
* ``sources(dataset) -> list of files``: what the description of the corpus depends on, audio not included;
* ``read(dataset, files) -> table`` with the columns of :data:`RAW_COLUMNS`;
* optionally ``listing(dataset) -> list of names``: what else it depends on, such as names of files;
* optionally ``differences(dataset, table) -> list of lines``: where the table's counts are not the published ones.

To add a corpus format, add a module here and name it as ``reader`` in ``config/datasets.yaml``.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from cuealign.errors import ConfigError

RAW_COLUMNS = ("utterance", "file", "start", "end", "speaker", "gender", "language", "raw_label", "split", "origin")
"""What a reader returns: text, but start and end (s, end NaN for the end of the file); ``origin`` names file and row."""


class ReaderOptions(BaseModel):
    """Base of the options of a reader: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def names() -> list[str]:
    """Names of the readers that this version includes; imports none of them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def module(name: str) -> ModuleType:
    """Import a reader.

    Raises:
        ConfigError: if this version does not include it.
    """
    if name not in names():
        raise ConfigError(f"the reader {name!r} is not included in this version (included: {', '.join(names())})")
    return importlib.import_module(f"{__name__}.{name}")


def options(dataset: Mapping[str, Any]) -> Any:
    """Validated options of a dataset's reader.

    Raises:
        ConfigError: naming each key that is wrong.
    """
    try:
        return module(dataset["reader"]).Options.model_validate(dataset["options"])
    except ValidationError as error:
        problems = [f"options.{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()]
        raise ConfigError(f"reader {dataset['reader']}: {'; '.join(problems)}") from None
