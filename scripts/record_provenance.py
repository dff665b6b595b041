"""Record what the results were made of."""

import json
from pathlib import Path
from typing import Any

from cuealign.config.grid import runs
from cuealign.config.loading import load
from cuealign.reporting.provenance import record
from cuealign.runtime import job
from cuealign.runtime.environment import workflow_commit_of_this_run


def main(provenance: Path, *, config: dict[str, Any]) -> None:
    settings = load(config)
    found = record(
        Path("results"),
        config,
        datasets=settings.datasets,
        models=settings.models,
        runs=runs(settings.grid),
        workflow=workflow_commit_of_this_run(),
        jobs=(each for each in job.records() if each["rule"] != "record_provenance"),
    )
    provenance.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
