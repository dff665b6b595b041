"""Writes ``docs/results.md`` from what is said of each kind of file."""

from collections.abc import Iterator
from itertools import groupby

from cuealign.reporting.files import PARTS
from cuealign.reporting.files.entry import ResultFile

_HEAD = """\
# Files of the results

Every file that the workflow leaves below `results/`, the rule that makes it, and its columns. \
This page is written by `make docs` from the code, and a test compares it with what the demo leaves.

* A name in braces stands for one value, such as `{model}` for the id of a model in the config. `…` stands for any path. \
`{drawing}` is the name of a figure, then dataset, split and model as far as it shows one of each.
* Shares and UARs are parts of 1, not percent; an unbiased estimate of one concept's share may lie a little below 0. \
Differences are in the same units. An empty cell means: not available.
* Intervals have the confidence of `statistics.confidence`, unless the file says another.
* CSV files have ten digits in `metrics/` and six in `tables/`. All ids are those of the config.
* An analysis or table of your own has the columns that its plug-in gives it. \
It lies beside the others, as `metrics/{dataset}/{split}/{model}/<analysis>.csv` and `tables/<table>.csv`.
* What a job says lies in `logs/`, not here.

Start with `report/index.html`, `tables/verdicts.md` and `tables/uar.md`. \
[`docs/reading-results.md`](reading-results.md) says what the quantities mean.
"""


_FEW = 7
"""So many columns are written again where another file has them too."""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *(line for title, files in PARTS.items() for line in _part(title, files))])


def _part(title: str, files: tuple[ResultFile, ...]) -> Iterator[str]:
    yield from (f"## {title}", "", "| file | made by | what it is |", "| --- | --- | --- |")
    yield from (f"| `{file.pattern}` | {_rules(file)} | {_cell(file.what)} |" for file in files)
    yield ""
    shown: list[ResultFile] = []
    for file in files:
        if file.columns:
            yield from _columns(file, shown)
            shown.append(file)


def _columns(file: ResultFile, before: list[ResultFile]) -> Iterator[str]:
    """The columns of a file; those that a file before it has are named by that file."""
    kind = "key" if file.pattern.endswith((".json", ".jsonl")) else "column"
    yield from (f"### `{_name(file)}`", "", f"| {kind} | meaning or unit |", "| --- | --- |")
    same = max(before, key=lambda other: len(other.columns.items() & file.columns.items()), default=None)
    shared = same.columns.items() & file.columns.items() if same is not None else set()
    own = [each for each in file.columns.items() if len(shared) <= _FEW or each not in shared]
    for meaning, group in groupby(own, key=lambda each: f"{_cell(each[1])}{'; not in all files' if each[0] in file.optional else ''}"):
        yield f"| {', '.join(f'`{name}`' for name, _ in group)} | {meaning} |"
    if same is not None and len(own) < len(file.columns):
        yield f"| {'the others' if own else 'all'} | as in `{_name(same)}` |"
    for beginning, meaning in file.further.items():
        yield f"| `{beginning}…` | {_cell(meaning)} |"
    yield ""
    if file.rows:
        yield from ("| row: `quantity` | meaning or unit |", "| --- | --- |")
        yield from (f"| `{name}` | {_cell(meaning)} |" for name, meaning in file.rows.items())
        yield ""


def _name(file: ResultFile) -> str:
    return file.pattern.removeprefix("results/")


def _rules(file: ResultFile) -> str:
    return file.rule if file.rule == "every rule" else ", ".join(f"`{rule}`" for rule in file.rule.split(", "))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
