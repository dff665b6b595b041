"""What a run tells at its end: what came out, what to know about it, where it lies; or what failed, and the command that goes on.

Everything is read from files of the results. A study without some of them is told without that part. No pandas: the workflow
imports this module each time that it is read.
"""

import csv
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from cuealign.config.entries.grid import Experiment
from cuealign.core.text import duration, found_at

MOST_MODELS, MOST_WARNINGS, MOST_CHARACTERS = 24, 12, 600
"""Lines about models, lines of warnings, and characters of one warning or error; files have the rest."""

_PAGE, _PLAN, _UAR = "results/report/index.html", "results/plan.md", "results/tables/uar.csv"


def outcome(outputs: Collection[str], experiments: Sequence[Experiment], titles: Mapping[str, str], root: Path = Path()) -> list[str]:
    """What came out.

    Args:
        outputs: files that the run asks for, made by it or there before; only these are told.
        experiments: of the study, in its order.
        titles: of datasets and models, by id.
        root: folder of the study.
    """
    there = {path for path in outputs if (root / path).is_file()}
    told = [
        (root / _PLAN).read_text(encoding="utf-8").strip() if _PLAN in there else "",
        _verdicts(there, experiments, titles, root),
        _uar(root / _UAR, titles) if _UAR in there else "",
        _places(there, root),
    ]
    return [part for part in told if part]


def _verdicts(there: Collection[str], experiments: Sequence[Experiment], titles: Mapping[str, str], root: Path) -> str:
    """A line for each model and split that has a verdict."""
    rows = []
    for experiment in experiments:
        if (file := f"results/metrics/{experiment}/verdict.json") in there:
            rows.append((_of(experiment, titles), _verdict(root / file)))
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"  {name:<{width}}  {verdict}" for name, verdict in rows[:MOST_MODELS]]
    return "\n".join(["Verdicts", *lines, *_more(len(rows), MOST_MODELS, "results/tables/verdicts.md")]) if rows else ""


def _verdict(file: Path) -> str:
    try:
        judged = json.loads(file.read_text(encoding="utf-8"))
        return f"{judged['verdict']}: {judged['reason']}"
    except (ValueError, KeyError, TypeError):
        return _damaged(file)


def _damaged(file: Path) -> str:
    return f"{found_at(file)} is not as the workflow wrote it; delete it and run the workflow again"


def _of(experiment: Experiment, titles: Mapping[str, str]) -> str:
    return f"{titles.get(experiment.dataset, experiment.dataset)} {experiment.split}, {titles.get(experiment.model, experiment.model)}"


def _uar(file: Path, titles: Mapping[str, str]) -> str:
    """The UAR of every model without and with its cues, from the table ``uar``."""
    try:
        return _recalls(file, titles)
    except (ValueError, KeyError, TypeError, csv.Error):
        return f"UAR\n  {_damaged(file)}"


def _recalls(file: Path, titles: Mapping[str, str]) -> str:
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows:
        raise ValueError("no rows")
    table = [("", "without cues", "correct cues", "difference")]
    for row in rows[:MOST_MODELS]:
        name = _of(Experiment(row["dataset"], row["split"], row["model"]), titles)
        table.append(
            (name, _interval(row, "uar_none", "none"), _interval(row, "uar_correct", "correct"), _interval(row, "delta", "delta", "+"))
        )
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    lines = ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(["UAR, with intervals over speakers", *lines, *_more(len(rows), MOST_MODELS, "results/tables/uar.md")])


def _interval(row: Mapping[str, str], value: str, bounds: str, sign: str = "") -> str:
    """A value with its interval, as far as the table has them."""

    def number(key: str) -> str:
        return format(float(row[key]), f"{sign}.3f")

    if not row.get(value):
        return "-"
    low, high = f"{bounds}_low", f"{bounds}_high"
    return f"{number(value)} [{number(low)}, {number(high)}]" if row.get(low) and row.get(high) else number(value)


def _more(count: int, most: int, file: str) -> list[str]:
    return [f"  and {count - most:,} more, in {file}"] if count > most else []


def _places(there: Collection[str], root: Path) -> str:
    """Where the page, the tables, the figures and the provenance lie."""
    tables = [path for path in there if path.startswith("results/tables/") and path.endswith(".md")]
    figures = [path for path in there if path.startswith("results/figures/") and path.endswith(".pdf")]
    rows = [
        ("page", _PAGE if (root / _PAGE).is_file() and (tables or figures) else ""),
        ("tables", f"results/tables ({len(tables)})" if tables else ""),
        ("figures", f"results/figures ({len(figures)})" if figures else ""),
        ("metrics", "results/metrics" if any(path.startswith("results/metrics/") for path in there) else ""),
        ("provenance", "results/provenance.json" if "results/provenance.json" in there else ""),
    ]
    lines = [f"  {name:<11} {found_at(root / path)}" for name, path in rows if path]
    return "\n".join(["Where it lies", *lines]) if lines else ""


def warnings(messages: Sequence[str]) -> list[str]:
    """Warnings of a run once more.

    Args:
        messages: each with the name of what it is about.
    """
    if not messages:
        return []
    lines = [f"  {cut(message)}" for message in messages[:MOST_WARNINGS]]
    more = f"  and {len(messages) - MOST_WARNINGS:,} more, in logs/" if len(messages) > MOST_WARNINGS else ""
    return ["\n".join([f"Warnings ({len(messages):,})", *lines, *filter(None, [more])])]


def failure(failed: Iterable[tuple[str, str, str]], command: str) -> list[str]:
    """What failed, and how to go on.

    Args:
        failed: of each failed job its name, its error and its log.
        command: that was given.
    """
    jobs = list(failed)
    parts = []
    if jobs:
        lines = [line for name, error, log in jobs[:MOST_WARNINGS] for line in (f"  {name} ({found_at(log)})", f"    {cut(error)}")]
        parts.append("\n".join([f"Failed ({len(jobs):,})", *lines, *_more(len(jobs), MOST_WARNINGS, "logs/")]))
    what = "What is finished is kept. " + ("Correct what the error names; then this goes on:" if jobs else "This goes on:")
    return [*parts, f"{what}\n  {command}"]


def took(seconds: float) -> str:
    """How long a run took."""
    return f"It took {duration(seconds)}."


def cut(text: str) -> str:
    """A message of bounded length, in which further lines are indented."""
    whole = text.replace("\n", "\n    ")
    return whole if len(whole) <= MOST_CHARACTERS else f"{whole[:MOST_CHARACTERS]} […]"
