"""Record what the results were made of."""

import json
import logging
from pathlib import Path
from typing import Any

from cuealign.config.grid import runs
from cuealign.config.loading import load
from cuealign.reporting.provenance import leftovers, record
from cuealign.runtime import job
from cuealign.runtime.environment import workflow_commit_of_this_run

logger = logging.getLogger(__name__)

_LATER = ("record_provenance", "make_page", "make_cover", "plan_study")
"""Rules that this record is older than."""


def main(provenance: Path, *, config: dict[str, Any], shown: list[str]) -> None:
    settings = load(config)
    if left := leftovers(Path("results"), shown):
        logger.warning("tables and figures of an earlier grid, which this study does not make; delete them: %s", ", ".join(left))
    found = record(
        Path("results"),
        config,
        datasets=settings.datasets,
        models=settings.models,
        runs=runs(settings.grid),
        workflow=workflow_commit_of_this_run(),
        jobs=(each for each in job.records() if each["rule"] not in _LATER),
    )
    provenance.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
