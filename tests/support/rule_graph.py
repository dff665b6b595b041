"""The graph of the rules in README and docs/how-it-works.md, from Snakemake's own: ``make docs`` writes it, and a test holds it."""

import re
import tempfile
from graphlib import TopologicalSorter
from pathlib import Path

from cuealign.config.documentation import insert
from tests.support import ROOT
from tests.support.workflow import snakemake

README, PAGE = ROOT / "README.md", ROOT / "docs/how-it-works.md"


def graph(mermaid: str) -> dict[str, set[str]]:
    """Each rule with the rules whose files it takes, from the text of ``snakemake --rulegraph mermaid-js``."""
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", mermaid, re.MULTILINE))
    found = {name: set() for name in names.values()}
    for source, target in re.findall(r"^\s*(id\d+) --> (id\d+)$", mermaid, re.MULTILINE):
        found[names[target]].add(names[source])
    return found


def reduced(rules: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same without arrows that follow from others: a rule that another one waits for is not named again."""
    before: dict[str, set[str]] = {}  # all that a rule waits for
    for rule in TopologicalSorter(rules).static_order():
        before[rule] = rules[rule].union(*(before[source] for source in rules[rule]))
    return {rule: sources - set().union(*(before[source] for source in sources)) for rule, sources in rules.items()}


def parts() -> dict[str, str]:
    """Rule to the file of ``workflow/rules`` that holds it, without its ending."""
    files = sorted((ROOT / "workflow/rules").glob("*.smk"))
    return {rule: file.stem for file in files for rule in re.findall(r"^rule (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE)}


def picture(rules: dict[str, set[str]], part_of: dict[str, str]) -> str:
    """Mermaid text: a box per file of rules, in the order of the study, and the arrows that do not follow from others."""
    order = {rule: place for place, rule in enumerate(_in_order(rules))}
    boxes: dict[str, list[str]] = {}
    for rule in order:
        boxes.setdefault(part_of.get(rule, ""), []).append(rule)
    lines = ["```mermaid", "flowchart TB"]
    for part, inside in boxes.items():
        lines += (
            [f'  subgraph {part}["{part}.smk"]', *(f"    {rule}" for rule in inside), "  end"] if part else [f"  {rule}" for rule in inside]
        )
    arrows = ((source, rule) for rule, sources in reduced(rules).items() for source in sources)
    lines += [f"  {source} --> {rule}" for source, rule in sorted(arrows, key=lambda arrow: (order[arrow[0]], order[arrow[1]]))]
    return "\n".join([*lines, "```"])


def _in_order(rules: dict[str, set[str]]) -> list[str]:
    """Rules behind those that they wait for; by name where that leaves a choice."""
    sorter, order = TopologicalSorter(rules), []
    sorter.prepare()
    while ready := sorted(sorter.get_ready()):
        order += ready
        sorter.done(*ready)
    return order


def demo() -> str:
    """The picture of the demo's rules."""
    with tempfile.TemporaryDirectory() as folder:
        done = snakemake(Path(folder), "--rulegraph", "mermaid-js")
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return picture(graph(done.stdout), parts())


if __name__ == "__main__":
    drawn = demo()
    for file in (README, PAGE):
        file.write_text(insert(file.read_text(encoding="utf-8"), drawn + "\n"), encoding="utf-8")
