"""Which code a result depends on.

Snakemake does not notice when a module that a script imports has changed, and reruns a script that was only moved. Every rule
therefore has the version of its code as a parameter: a hash over its script, over all modules of this library that the script
imports, directly or not, and over the plug-ins that the parameters of the job name. Comments, docstrings, formatting and the
location of the files do not change it.
"""

import ast
import functools
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cuealign.core.registry import OUTSIDE

LIBRARY = "cuealign"
ROOT = Path(__file__).parents[2]
"""Folder that contains the library."""


@functools.cache
def code_version(*roots: str | Path) -> str:
    """Version of some code.

    Args:
        roots: files of scripts, and dotted names of modules of the library or of plug-ins.

    Returns:
        The first 16 hexadecimal digits of a sha256.
    """
    result = hashlib.sha256()
    for name, path in sorted(reachable(*roots).items()):
        result.update(f"{name}\0{fingerprint(path)}\0".encode())
    return result.hexdigest()[:16]


def reachable(*roots: str | Path) -> dict[str, Path]:
    """All modules of the library and of plug-ins that importing some code runs, including the code itself.

    Args:
        roots: as for :func:`code_version`.

    Returns:
        Files by dotted name; a script goes by its file name.

    Raises:
        ValueError: if a root is neither a file nor a module of the library or of plug-ins.
    """
    files: dict[str, Path] = {}
    pending: list[str] = []
    for root in roots:
        if isinstance(root, Path):
            files[root.name] = root
            pending += imported(root, "")
        elif (path := _file(root)) is not None:
            pending.append(root)
        else:
            raise ValueError(f"{root!r} is no module of {LIBRARY} or {OUTSIDE}")
    while pending:
        module = pending.pop()
        if module in files or (path := _file(module)) is None:
            continue
        files[module] = path
        pending += imported(path, module)
        if "." in module:  # importing a module runs the packages that contain it
            pending.append(module.rpartition(".")[0])
    return files


@functools.cache
def imported(path: Path, module: str) -> tuple[str, ...]:
    """Dotted names that a file imports. ``from a import b`` gives both ``a`` and ``a.b``, as ``b`` may be a module.

    Args:
        path: of the file.
        module: dotted name of the file, which resolves relative imports; empty for a script.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(name for name in found if name.split(".")[0] in (LIBRARY, OUTSIDE))


@functools.cache
def fingerprint(path: Path) -> str:
    """sha256 of the syntax tree of a file, without docstrings, comments, formatting and descriptions of options."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return hashlib.sha256("".join(_canonical(tree)).encode()).hexdigest()


def _file(module: str) -> Path | None:
    folders = {LIBRARY: (str(ROOT),), OUTSIDE: tuple(sys.path)}.get(module.partition(".")[0], ())
    return _find(module, folders)


@functools.cache
def _find(module: str, folders: tuple[str, ...]) -> Path | None:
    for folder in folders:
        base = Path(folder or ".").joinpath(*module.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


# Fields that differ between versions of Python or do not change what the code does.
_LEFT_OUT = ("ctx", "kind", "type_comment", "type_ignores")


def _canonical(node: Any) -> Iterator[str]:
    """Text of a syntax tree that is the same in all versions of Python, unlike that of :func:`ast.dump`."""
    if isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in ast.iter_fields(node):
            if name == "keywords" and _is_field(node):
                value = [keyword for keyword in value if keyword.arg != "description"]
            if value is None or value == [] or name in _LEFT_OUT:
                continue
            yield f"{name}="
            yield from _canonical(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for value in node:
            if not _is_prose(value):
                yield from _canonical(value)
        yield "]"
    else:
        yield repr(node) + ","


def _is_prose(node: Any) -> bool:
    """True if a node is a docstring or another string on its own."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_field(node: ast.AST) -> bool:
    """True if a node is a call of pydantic's ``Field``, whose description is prose."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field"
