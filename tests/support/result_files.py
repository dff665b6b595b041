"""Results of a study as they lie there, for comparing them with what is said of them."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq


def left(folder: Path) -> list[str]:
    """Paths of all files below ``results/``, from the folder of the study on."""
    return sorted(path.relative_to(folder).as_posix() for path in (folder / "results").rglob("*") if path.is_file())


def columns_of(path: Path) -> list[str]:
    """Columns of a table, keys of a JSON object or of the first line of JSON lines; none of any other file."""
    if path.suffix == ".parquet":
        return pq.read_schema(path).names
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file))
    if path.suffix in (".json", ".jsonl"):
        text = path.read_text(encoding="utf-8")
        return list(json.loads(text.splitlines()[0] if path.suffix == ".jsonl" else text))
    return []


def quantities_of(path: Path) -> list[str]:
    """Values of the column ``quantity`` of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["quantity"] for row in csv.DictReader(file)]
