"""The library's parts lie in floors, and imports lead downwards."""

import ast

import pytest

from cuealign.runtime.code_version import ROOT
from tests.support.imports import FLOORS, arrows, modules, part_of

HEIGHT = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}


def test_every_module_belongs_to_a_part():
    assert {part_of(module) for module in modules()} <= set(HEIGHT)
    assert list((ROOT / "cuealign").glob("*.py")) == [ROOT / "cuealign/__init__.py"]


def test_imports_lead_downwards_only():
    upwards = [f"{source} -> {target}" for source, target in arrows() if HEIGHT[target] >= HEIGHT[source]]
    assert upwards == []


def test_no_module_imports_itself_by_way_of_others():
    graph = modules()
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            pytest.fail(" -> ".join([*path[path.index(module) :], module]))
        if module not in done:
            for target in graph[module]:
                # "from package import module" names the package too, which is above the module and not imported for its sake.
                if not module.startswith(f"{target}."):
                    walk(target, (*path, module))
            done.add(module)

    for module in graph:
        walk(module, ())


def test_imports_stand_at_the_top_of_modules():
    """An import inside of a function, or one for types alone, would make code versions depend on more than what a script runs."""
    hidden = []
    for path in sorted((ROOT / "cuealign").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            inner = isinstance(node, ast.Import | ast.ImportFrom) and node not in tree.body
            if inner and "cuealign" in ast.unparse(node):
                hidden.append(f"{path}: {ast.unparse(node)}")
    assert hidden == []
