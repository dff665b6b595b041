"""Failures to load a checkpoint, in one line each. Imports nothing heavy, as the listeners load in a moment."""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from cuealign.config.entries.model import Model
from cuealign.core.errors import CuealignError, ModelError

logger = logging.getLogger(__name__)


@contextmanager
def in_one_line(name: str, where: object = "") -> Iterator[None]:
    """In the block, any failure to load a checkpoint becomes a ModelError of one line; the traceback goes to the debug log.

    Args:
        name: of the model in the config.
        where: folder or hub id, for the message.
    """
    try:
        yield
    except CuealignError as error:
        if not str(where) or str(where) in str(error) or f"models.{name}" in str(error):
            raise
        raise type(error)(f"models.{name}: {where}: {error}") from None
    except Exception as error:  # what other libraries raise for a broken checkpoint has no common class
        logger.debug("loading failed", exc_info=True)
        if type(error).__name__ == "OutOfMemoryError":
            raise ModelError(
                f"models.{name}: too little GPU memory to load the checkpoint; use a GPU with more, or dtype: bfloat16"
            ) from None
        first = " ".join(str(error).split()) or "no further message"
        place = f"{where}: " if str(where) else ""
        raise ModelError(f"models.{name}: {place}the checkpoint cannot be loaded ({type(error).__name__}: {first[:400]})") from None


_Load = TypeVar("_Load", bound=Callable[..., Any])


def checkpoint_loader(load: _Load) -> _Load:
    """Decorator of a backend's ``load(entry, name, labels, template)``: failures become one line, see :func:`in_one_line`."""

    @functools.wraps(load)
    def loader(entry: Model, name: str, *others: Any) -> Any:
        try:
            with in_one_line(name, entry.path or entry.hub_id):
                return load(entry, name, *others)
        except ModelError as error:
            if entry.training is None:
                raise
            raise ModelError(_of_trained(str(error), entry.path)) from None

    return loader


def _of_trained(message: str, folder: str | None) -> str:
    """What is wrong with a checkpoint that a rule has trained, which cannot be downloaded again."""
    again = f"delete {folder} and run the same command again"
    wrong, advice, _ = message.rpartition("; download ")
    if advice:
        return f"{wrong}; {again}"
    return f"{message}; if the folder is damaged, {again}"
