"""How plug-ins are found: backends, readers, interventions, recipes, analyses, tables and figures.

A plug-in is a module. Its name is its file name. It defines the attribute that its kind requires: a figure ``draw``, a
backend ``load``. It may also define ``Options``, a :class:`PluginOptions`, and constants such as ``CAPTION``.

Plug-ins of this library are in the package of their kind. Users put theirs into ``cuealign_plugins/<folder>`` in any folder
on Python's path, where ``<folder>`` is the last part of that package's name (``backends``, ``readers``, ``figures``, …).
"""

import ast
import functools
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from cuealign.core.errors import ConfigError
from cuealign.core.validation import StrictModel, mistakes, unknown

OUTSIDE = "cuealign_plugins"
"""Package of plug-ins from outside this library."""


class PluginOptions(StrictModel):
    """Base of the options of a plug-in. A plug-in without options does not need it."""


class NoOptions(PluginOptions):
    """Options of a plug-in that has none."""


@dataclass(frozen=True)
class Registry:
    """Plug-ins of one kind.

    Attributes:
        kind: name of the kind in messages, such as ``reader``.
        package: dotted name of the package that holds them.
        attribute: name that a module must define to be a plug-in of this kind.
    """

    kind: str
    package: str
    attribute: str

    def names(self) -> tuple[str, ...]:
        """Names of all plug-ins, sorted; imports none of them.

        Raises:
            ConfigError: if a user's plug-in has the name of another one or lacks the required attribute.
        """
        return tuple(sorted(self._files()))

    def module_name(self, name: str) -> str:
        """Dotted name of a plug-in's module.

        Raises:
            ConfigError: if there is no plug-in of that name.
        """
        return self._found(name)[0]

    def module(self, name: str) -> ModuleType:
        """Import a plug-in.

        Raises:
            ConfigError: if there is no plug-in of that name.
        """
        return importlib.import_module(self.module_name(name))

    def get(self, name: str) -> Any:
        """The required attribute of a plug-in, such as its function ``draw``; imports the plug-in.

        Raises:
            ConfigError: if there is no plug-in of that name.
        """
        return getattr(self.module(name), self.attribute)

    def constant(self, name: str, constant: str, default: Any = None) -> Any:
        """A constant of a plug-in, or ``default`` if it does not define it; does not import the plug-in.

        Raises:
            ConfigError: if there is no plug-in of that name.
        """
        module, path = self._found(name)
        return _definition(module, path, constant) if constant in _bindings(path) else default

    def options_model(self, name: str) -> type[PluginOptions]:
        """Class of a plug-in's options; does not import the plug-in, which may need torch.

        Raises:
            ConfigError: if there is no plug-in of that name.
        """
        return self.constant(name, "Options", NoOptions)

    def options(self, name: str, values: Mapping[str, Any], where: str) -> PluginOptions:
        """Validated options of a plug-in.

        Args:
            name: of the plug-in.
            values: as the user wrote them.
            where: path of the key in the config.

        Raises:
            ConfigError: one line per mistake.
        """
        model = self.options_model(name)
        try:
            return model.model_validate(values)
        except ValidationError as error:
            raise ConfigError("\n".join(mistakes(error, model, where=where))) from None

    def _found(self, name: str) -> tuple[str, Path]:
        files = self._files()
        if name not in files:
            raise ConfigError("".join(unknown(name, files, self.kind, f"{self.package}")))
        return files[name]

    def _files(self) -> dict[str, tuple[str, Path]]:
        """Dotted name and file of each plug-in, by its name."""
        found: dict[str, tuple[str, Path]] = {}
        folder = self.package.rpartition(".")[2]
        for package in (self.package, f"{OUTSIDE}.{folder}"):
            for path in _modules(package):
                if self.attribute not in _bindings(path):
                    if package != self.package:
                        raise ConfigError(f"{path}: does not define {self.attribute}, which makes a module a plug-in ({self.kind})")
                    continue  # code that the plug-ins of the package share
                if path.stem in found:
                    raise ConfigError(f"{path}: another {self.kind} has that name, {found[path.stem][1]}; rename the file")
                found[path.stem] = (f"{package}.{path.stem}", path)
        return found


def _modules(package: str) -> Iterator[Path]:
    """Files of the modules of a package; none if there is no such package."""
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return
    # In a job, Snakemake puts the folders of its own path behind those of PYTHONPATH: each would be searched twice.
    folders = dict.fromkeys(Path(folder).resolve() for folder in (spec and spec.submodule_search_locations) or ())
    for folder in folders:
        yield from (path for path in sorted(folder.glob("*.py")) if path.stem.isidentifier() and path.stem != "__init__")


@functools.cache
def _bindings(path: Path) -> dict[str, ast.stmt]:
    """Names that a module defines at top level, each with the statement that defines it."""
    found: dict[str, ast.stmt] = {}
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is no Python that can be read ({error})") from None
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                found[(alias.asname or alias.name).split(".")[0]] = _only(statement, alias)
        elif isinstance(statement, ast.ClassDef | ast.FunctionDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found |= {node.id: statement for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return found


def _only(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    """The part of an import statement that imports one name."""
    if isinstance(statement, ast.Import):
        return ast.copy_location(ast.Import([alias]), statement)
    return ast.copy_location(ast.ImportFrom(statement.module, [alias], statement.level), statement)


@functools.cache
def _definition(module: str, path: Path, name: str) -> Any:
    """Value of a name in a module, found by running only its definition and the definitions that this one needs.

    Importing a backend takes seconds, because it imports torch and transformers. Its options need neither, and every job reads
    the config.
    """
    if module in sys.modules:
        return getattr(sys.modules[module], name)
    bindings, needed, pending = _bindings(path), {}, [name]
    while pending:
        statement = bindings.get(pending.pop())
        if statement is not None and id(statement) not in needed:
            needed[id(statement)] = statement
            pending += [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
    body = sorted(needed.values(), key=lambda statement: statement.lineno)
    namespace: dict[str, Any] = {"__name__": module, "__file__": str(path)}
    exec(compile(ast.Module(body, type_ignores=[]), str(path), "exec"), namespace)
    return namespace[name]
