"""Record what the results were made of."""

import json
from collections.abc import Sequence
from pathlib import Path

from cuealign.jobs import job
from cuealign.provenance import record


def main(output: Path, *, results: Path, config: dict, cells: Sequence, workflow: Path | str) -> None:
    Path(output).write_text(json.dumps(record(Path(results), config, cells, workflow), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output[0],
            results="results",
            config=snakemake.params.config,
            cells=snakemake.params.cells,
            workflow=snakemake.params.source or Path(snakemake.scriptdir).parent,
        )
