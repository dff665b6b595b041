"""Models: one module per backend, found by its file name.

A backend module defines ``load(entry, name, labels, template)``, which returns a ``Responder`` or a
``CausalModel`` (see :mod:`cuealign.models.base`): ``entry`` and ``name`` are the model's in the config,
``labels`` and ``template`` what will be asked. To add a family, add a module and name it as ``backend``
in ``config/models.yaml``.
"""

import importlib
import pkgutil
from typing import TYPE_CHECKING

from cuealign.errors import ModelError

if TYPE_CHECKING:
    from types import ModuleType

_NOT_BACKENDS = {"base", "checkpoints"}


def backends() -> list[str]:
    """Names of the backends that this version includes; imports none of them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NOT_BACKENDS)


def check_backend(backend: str, model: str) -> None:
    """Raise a ModelError if this version does not include ``backend``, which ``model`` needs."""
    if backend not in backends():
        raise ModelError(
            f"model {model!r} needs the backend {backend!r}, which this version does not include "
            f"(included: {', '.join(backends())}); remove the model from the grid"
        )


def backend_module(backend: str, model: str) -> "ModuleType":
    """Import a backend's module.

    Raises:
        ModelError: if this version does not include it.
    """
    check_backend(backend, model)
    return importlib.import_module(f"{__name__}.{backend}")
