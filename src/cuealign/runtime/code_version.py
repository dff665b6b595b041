"""Which code a result depends on.

Snakemake notices neither that a module that a script imports has changed, nor that a script is the same in another folder.
Every rule therefore carries the version of its code as a parameter: a hash over its script and all that the script imports of
this library, directly or not, and over the plug-ins that the job's parameters name. Comments, docstrings, formatting and the
place of the files are no part of it.
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
"""Folder that holds the library."""


@functools.cache
def code_version(*roots: str | Path) -> str:
    """Version of some code.

    Args:
        roots: files of scripts, or dotted names of modules of the library or of plug-ins.

    Returns:
        The first 16 hexadecimal digits of a sha256.
    """
    result = hashlib.sha256()
    for name, path in sorted(reachable(*roots).items()):
        result.update(f"{name}\0{fingerprint(path)}\0".encode())
    return result.hexdigest()[:16]


def reachable(*roots: str | Path) -> dict[str, Path]:
    """Every module of the library, or of plug-ins, that some code runs when it is imported, the code itself included.

    Args:
        roots: as those of :func:`code_version`.

    Returns:
        Dotted name to file; a script has its file's name.

    Raises:
        ValueError: if a root is neither a file nor such a module.
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
        if "." in module:  # importing a module runs the packages that it lies in
            pending.append(module.rpartition(".")[0])
    return files


@functools.cache
def imported(path: Path, module: str) -> tuple[str, ...]:
    """Dotted names that a file imports; of ``from a import b`` both ``a`` and ``a.b``, as ``b`` may be a module.

    Args:
        path: of the file.
        module: its dotted name, by which relative imports are resolved; empty for a script.
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
    """sha256 of what a file does: of its syntax tree without docstrings, comments, formatting and descriptions of options."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return hashlib.sha256("".join(_canonical(tree)).encode()).hexdigest()


def _file(module: str) -> Path | None:
    parts = module.split(".")
    folders = {LIBRARY: [ROOT], OUTSIDE: [Path(entry or ".") for entry in sys.path]}.get(parts[0], [])
    for folder in folders:
        base = folder.joinpath(*parts)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


# What differs between versions of Python, or says nothing.
_LEFT_OUT = ("ctx", "kind", "type_comment", "type_ignores")


def _canonical(node: Any) -> Iterator[str]:
    """Text of a syntax tree, the same in every version of Python (which :func:`ast.dump` does not promise)."""
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
    """True of a text that stands by itself: a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_field(node: ast.AST) -> bool:
    """True of pydantic's ``Field(…)``, whose description is prose."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field"
