"""What YAML itself misreads in a config file, before any value is checked: keys given twice, and what it takes for numbers."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+")


def misread(path: Path | str) -> list[str]:
    """One line per mistake, with the file and the line in it; none for a file that is no YAML, which Snakemake reports."""
    try:
        root = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    try:
        return [f"{path}, line {line}: {problem}" for line, problem in _problems(root, "")] if root else []
    except RecursionError:
        return [f"{path}: a list or mapping contains itself by an alias (*); write it out"]


def _problems(node: yaml.Node, where: str) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.ScalarNode):
        if node.tag == "tag:yaml.org,2002:int" and _SEXAGESIMAL.fullmatch(node.value):
            yield (
                node.start_mark.line + 1,
                f"{where}: {node.value} is the number {yaml.safe_load(node.value)} to YAML, which counts the parts between colons in "
                f"sixties; write it in quotation marks ('{node.value}')",
            )
        if node.tag == "tag:yaml.org,2002:int" and _OCTAL.fullmatch(node.value):
            number = int(node.value.replace("_", ""), 8)
            yield (
                node.start_mark.line + 1,
                f"{where}: {node.value} is the number {number} to YAML, which takes a leading zero for octal; "
                f"write it in quotation marks ('{node.value}')",
            )
    elif isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            yield from _problems(child, f"{where}[{number}]")
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            path = f"{where}.{name}" if where else name
            if name in lines and name != "<<":
                yield line, f"{path}: the key is given twice (before in line {lines[name]}); YAML keeps only the last one"
            lines.setdefault(name, line)
            yield from _problems(key, path)
            yield from _problems(value, path)
