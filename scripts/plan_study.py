"""Say what the study takes: jobs, prompts and hours."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cuealign.jobs import job
from cuealign.plan import content, job_row, prompts_of
from cuealign.schema import MANIFEST, read_tokens
from cuealign.splits import select


def main(outputs: Mapping[str, Path], *, results: Path, cells: Sequence[Mapping], datasets: Mapping, models: Mapping) -> str:
    rows = []
    for cell in cells:
        dataset, split, model = cell["cell"]
        entry, splits = models[model], datasets[dataset]["splits"]
        manifest = MANIFEST.read(results / f"corpora/{dataset}/manifest.parquet")
        asked = select(manifest, splits, split, limit=cell["limit"])["utterance"]
        conditions = [
            read_tokens(results / f"interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet")
            for intervention, p, seed in cell["conditions"]
        ]
        rows.append(
            job_row(
                dataset=datasets[dataset]["title"],
                split=split,
                model=entry["title"],
                entry=entry,
                utterances=len(asked),
                prompts=prompts_of(asked, conditions),
                figures=measured(results, dataset, split, model),
            )
        )
    table = content(rows)
    for kind, path in outputs.items():
        Path(path).write_text(getattr(table, kind)(), encoding="utf-8")
    return table.md()


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
