"""Figures: one module each, found by its file name. Each defines ``draw(study, scope) -> matplotlib.figure.Figure``.

To add a figure, add a module and name it under ``figures`` in the config. Imports nothing heavy.
"""

import importlib
import pkgutil
from types import ModuleType

_NOT_FIGURES = {"style"}


def names() -> list[str]:
    """Names of all figures."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NOT_FIGURES)


def module(name: str) -> ModuleType:
    """Import a figure's module."""
    return importlib.import_module(f"{__name__}.{name}")
