"""Backends: one module per family, found by its file name.

A backend module defines ``load(entry, name, labels, template)``, which returns a ``Responder`` or a
``CausalModel`` (see :mod:`cuealign.models.base`): ``entry`` and ``name`` are the model's in the config,
``labels`` and ``template`` what will be asked. To add a family, add a module and name it as ``backend``
in ``config/models.yaml``.
"""

import importlib
import pkgutil
from types import ModuleType

from cuealign.errors import ModelError


def names() -> list[str]:
    """Names of the backends that this version includes; imports none of them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def module(backend: str, model: str) -> ModuleType:
    """Import a backend's module.

    Raises:
        ModelError: if this version does not include it.
    """
    if backend not in names():
        raise ModelError(
            f"model {model!r} needs the backend {backend!r}, which this version does not include "
            f"(included: {', '.join(names())}); remove the model from the grid"
        )
    return importlib.import_module(f"{__name__}.{backend}")
