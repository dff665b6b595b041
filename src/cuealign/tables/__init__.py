"""Tables: one module each, found by its file name. Each defines ``build(study, published) -> TableContent``.

To add a table, add a module and name it under ``tables`` in the config. Imports nothing heavy.
"""

import importlib
import pkgutil
from types import ModuleType

_NOT_TABLES = {"content"}


def names() -> list[str]:
    """Names of all tables."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NOT_TABLES)


def module(name: str) -> ModuleType:
    """Import a table's module."""
    return importlib.import_module(f"{__name__}.{name}")
