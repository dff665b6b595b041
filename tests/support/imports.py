"""The picture of the library's imports, from its own code: ``make imports`` prints it, and a test holds it."""

from collections import Counter

from cuealign.runtime.code_version import LIBRARY, ROOT, imported

FLOORS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("entries",),
    ("runtime",),
    ("corpora", "cues", "prompts", "terminal"),
    ("interventions",),
    ("models",),
    ("inference", "evaluation"),
    ("reporting",),
    ("config",),
    ("cli",),
)
"""Parts of the library from the ground up: a part imports from the floors below it only. ``entries`` are ``config.entries``."""


def part_of(module: str) -> str:
    """Part that a module of the library belongs to."""
    names = module.split(".")[1:]
    return "entries" if names[:2] == ["config", "entries"] else names[0] if names else "core"


def modules() -> dict[str, tuple[str, ...]]:
    """Every module of the library with the modules that it imports."""
    files = {}
    for path in sorted((ROOT / LIBRARY).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {module: tuple(name for name in imported(path, module) if name in files and name != module) for module, path in files.items()}


def arrows() -> Counter[tuple[str, str]]:
    """How many imports lead from one part to another."""
    pairs = ((part_of(module), part_of(target)) for module, targets in modules().items() for target in targets if target != LIBRARY)
    return Counter(pair for pair in pairs if pair[0] != pair[1])


def picture() -> str:
    """Floors from the top down, each part with what it imports."""
    found = arrows()
    lines = [f"{len(FLOORS)} floors, {len(modules())} modules, {len(found)} arrows between {sum(map(len, FLOORS))} parts", ""]
    for floor in reversed(FLOORS):
        for part in floor:
            below = {target: count for (source, target), count in found.items() if source == part}
            order = [name for names in FLOORS for name in names if name in below]
            lines.append(f"{part:>14}  <-  {', '.join(f'{name} ({below[name]})' for name in order) or 'nothing'}")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(picture())
