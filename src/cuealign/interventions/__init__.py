"""Token interventions: the audio is never touched, only the cue block changes.

One module per intervention, found by its file name; each defines ``INTERVENTION``. To add one, add a
module and name it in the grid. :mod:`cuealign.conditions` applies them to tables.
"""

import functools
import importlib
import pkgutil

from cuealign.interventions.base import Draws, Intervention

__all__ = ["Draws", "Intervention", "get", "names"]


@functools.cache
def names() -> tuple[str, ...]:
    """Names of all interventions."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"))


def get(name: str) -> Intervention:
    """The intervention of that name.

    Raises:
        KeyError: if there is none.
    """
    if name not in names():
        raise KeyError(name)
    return importlib.import_module(f"{__name__}.{name}").INTERVENTION
