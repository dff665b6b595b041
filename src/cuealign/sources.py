"""Which code a result depends on.

Snakemake notices when a script changes, but not when a module that it imports does. Rules therefore
carry the digest of the library modules behind them as a parameter.
"""

import ast
import functools
import hashlib
from pathlib import Path

ROOT = Path(__file__).parent


@functools.cache
def digest(*modules: str) -> str:
    """sha256 (16 digits) over the source of ``modules`` and every module of this package that they import, transitively."""
    files: dict[str, Path] = {}
    pending = list(modules)
    while pending:
        module = pending.pop()
        path = _file(module)
        if path is None or module in files:
            continue
        files[module] = path
        pending += _imports(path)
    result = hashlib.sha256()
    for module in sorted(files):
        result.update(f"{module}\0".encode() + files[module].read_bytes())
    return result.hexdigest()[:16]


def _file(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != "cuealign":
        return None
    base = ROOT.joinpath(*parts[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def _imports(path: Path) -> tuple[str, ...]:
    """Modules, or names in modules, that a file imports."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(found)
