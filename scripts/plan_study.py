"""Say what the study takes: jobs, prompts and hours."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cuealign.jobs import job
from cuealign.plan import content, job_row, prompts_of
from cuealign.schema import MANIFEST, read_tokens
from cuealign.splits import select


def main(outputs: Mapping[str, Path], *, results: Path, cells: Sequence[Mapping], datasets: Mapping, models: Mapping) -> str:
    rows, counted = [], {}
    for cell in cells:
        dataset, split, model = cell["cell"]
        entry, splits = models[model], datasets[dataset]["splits"]
        # Most models are asked the same.
        key = (dataset, split, cell["limit"], tuple(map(tuple, cell["conditions"])))
        if key not in counted:
            counted[key] = count(results, dataset, split, splits=splits, limit=cell["limit"], conditions=cell["conditions"])
        utterances, prompts = counted[key]
        rows.append(
            job_row(
                dataset=datasets[dataset]["title"],
                split=split,
                model=entry["title"],
                entry=entry,
                utterances=utterances,
                prompts=prompts,
                figures=measured(results, dataset, split, model),
            )
        )
    table = content(rows)
    for kind, path in outputs.items():
        Path(path).write_text(getattr(table, kind)(), encoding="utf-8")
    return table.md()


def count(
    results: Path, dataset: str, split: str, *, splits: Mapping, limit: int | None, conditions: Sequence[Sequence[str]]
) -> tuple[int, int]:
    """Utterances that are asked, and their distinct prompts."""
    manifest = MANIFEST.read(results / f"corpora/{dataset}/manifest.parquet")
    asked = select(manifest, splits, split, limit=limit)["utterance"]
    folder = results / f"interventions/{dataset}/{split}"
    tables = [read_tokens(folder / f"{intervention}/p{p}/seed{seed}.parquet") for intervention, p, seed in conditions]
    return len(asked), prompts_of(asked, tables)


def measured(results: Path, dataset: str, split: str, model: str) -> list[dict]:
    """Figures of the model's earlier jobs: on this split if there are any, else on others."""
    folder = results / "benchmarks/respond"
    for pattern in (f"{dataset}/{split}/{model}/*.work.json", f"*/*/{model}/*.work.json"):
        if found := sorted(folder.glob(pattern)):
            return [json.loads(path.read_text(encoding="utf-8")) for path in found]
    return []


if __name__ == "__main__":
    with job(snakemake.log[0]):
        print(
            main(
                dict(snakemake.output.items()),
                results=Path("results"),
                cells=snakemake.params.cells,
                datasets=snakemake.params.datasets,
                models=snakemake.params.models,
            )
        )
