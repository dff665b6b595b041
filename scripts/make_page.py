"""Make the results page of a dataset and split."""

import json
from dataclasses import asdict
from pathlib import Path

import yaml

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.model import Model
from cuealign.config.entries.prompts import Prompt
from cuealign.config.entries.report import Report
from cuealign.config.entries.statistics import Statistics
from cuealign.reporting.page.assemble import Study, assemble
from cuealign.reporting.page.build import page_html
from cuealign.reporting.page.cover import part_of
from cuealign.reporting.results import Results
from cuealign.runtime import job


def main(
    page: Path,
    summary: Path,
    *,
    dataset: str,
    split: str,
    runs: list[tuple[str, str, str, str]],
    datasets: dict[str, Dataset],
    models: dict[str, Model],
    colours: dict[str, str],
    prompts: dict[str, Prompt],
    answers: dict[str, Answer],
    cue_block: str,
    readout: str,
    statistics: Statistics,
    judgement: Judgement,
    tables: list[str],
    drawings: dict[str, dict[str, str]],
    citation: str,
    has_conditions: bool,
    options: Report,
) -> None:
    experiments = list(dict.fromkeys(Experiment(dataset, split, model) for model, *_ in runs))
    study = Study(
        Results(Path("results"), experiments, datasets, models, statistics),
        runs={experiment: [tuple(run[1:]) for run in runs if run[0] == experiment.model] for experiment in experiments},
        colours=colours,
        prompts=prompts,
        answers=answers,
        cue_block=cue_block,
        readout=readout,
        statistics=statistics,
        judgement=judgement,
        tables=tables,
        drawings=drawings,
        citation=yaml.safe_load(citation),
        has_conditions=has_conditions,
    )
    content = assemble(study, dataset, split, options, page.parent)
    page.write_text(page_html(content), encoding="utf-8")
    summary.write_text(json.dumps(asdict(part_of(content, page.name)), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
