"""Puts the content of a page together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pandas as pd

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.prompts import Prompt
from cuealign.config.entries.report import Report
from cuealign.config.entries.statistics import Statistics
from cuealign.reporting.colours import COLOURS
from cuealign.reporting.page.content import NOT_ASKED, Answers, Key, Page
from cuealign.reporting.page.methods import Method, methods
from cuealign.reporting.page.reading import (
    answers_of,
    conditions_of,
    drawing_of,
    model_cautions,
    points_of,
    predictions_of,
    prompts_of,
    provenance_of,
    table_of,
    utterances_of,
    verdict_of,
)
from cuealign.reporting.page.sound import sound_of
from cuealign.reporting.results import Results


@dataclass(frozen=True)
class Study:
    """What a page is made of.

    Attributes:
        results: of the models on the page's dataset and split.
        runs: conditions of each of them, in the grid's order.
        colours: of the models, as figures have them.
        prompts: registry of the config.
        answers: of the dataset's labels.
        cue_block, readout, statistics, judgement: of the config.
        tables: names of all tables of the study.
        drawings: names of the drawings of the page, each with what it shows.
        citation: content of ``resources/citation.cff``.
        has_conditions: whether the study has the analysis ``conditions``, of which the charts are made.
    """

    results: Results
    runs: Mapping[Experiment, Sequence[Key]]
    colours: Mapping[str, str]
    prompts: Mapping[str, Prompt]
    answers: Mapping[str, Answer]
    cue_block: str
    readout: str
    statistics: Statistics
    judgement: Judgement
    tables: Sequence[str]
    drawings: Mapping[str, Mapping[str, str]]
    citation: Mapping[str, Any]
    has_conditions: bool


def assemble(study: Study, dataset: str, split: str, options: Report, folder: Path) -> Page:
    """The page of a dataset and split.

    Args:
        study: what it is made of.
        dataset, split: of the page.
        options: of the config.
        folder: in which the page will lie.

    Raises:
        InputError: if a file of the results cannot be read or does not belong to the others.
    """
    results, entry = study.results, study.results.datasets[dataset]
    root = Path(results.results)
    conditions = conditions_of(key for keys in study.runs.values() for key in keys)
    place = {condition.key: number for number, condition in enumerate(conditions)}
    manifest = results.manifest(dataset)
    # A model is asked about the same utterances under all conditions.
    asked = {experiment: predictions_of(root, experiment, keys[0]).index for experiment, keys in study.runs.items()}
    rows = manifest[manifest["utterance"].isin({utterance for index in asked.values() for utterance in index})].reset_index(drop=True)
    answers, verdicts = [], []
    for experiment, runs in study.runs.items():
        model, keys = results.models[experiment.model], list(dict.fromkeys(runs))
        answers.append(
            answers_of(
                (predictions_of(root, experiment, key) for key in keys),
                [place[key] for key in keys],
                pd.Index(rows["utterance"]),
                entry.labels,
                experiment=experiment,
                title=model.title,
                colour=study.colours[experiment.model],
                prompts=prompts_of(study.prompts[model.prompt], study.cue_block, study.answers),
            )
        )
        points = points_of(results, experiment, [conditions[place[key]] for key in keys]) if study.has_conditions else []
        cautions = model_cautions(results, experiment, has_conditions=study.has_conditions)
        verdicts.append(verdict_of(results, experiment, study.colours[experiment.model], cautions, points))
    done = Method(
        entry,
        split,
        len(rows),
        rows["speaker"].nunique(),
        [results.models[experiment.model] for experiment in study.runs],
        list(study.runs.values()),
        study.readout,
        study.cue_block,
        study.statistics,
        study.judgement,
    )
    licences = [(f"Recordings of {entry.title}", entry.licence)]
    licences += [(f"Model {results.models[experiment.model].title}", results.models[experiment.model].licence) for experiment in study.runs]
    return Page(
        dataset=dataset,
        split=split,
        title=entry.title,
        labels=entry.labels,
        label_colours=[COLOURS[number % len(COLOURS)] for number in range(len(entry.labels))],
        level=results.level,
        cautions=results.cautions_of_corpora(dataset=dataset),
        verdicts=verdicts,
        drawings=[drawing_of(root, name, shown_in(scope, answers)) for name, scope in study.drawings.items()],
        tables=[table_of(root, name) for name in study.tables],
        cue_block=[(literal, concept or "") for literal, concept, _, _ in Formatter().parse(study.cue_block)],
        conditions=conditions,
        utterances=utterances_of(root, dataset, split, rows, conditions),
        answers=answers,
        sound=sound_of(rows, folder, options, changes(answers)),
        methods=methods(done),
        provenance=provenance_of(root),
        licences=licences,
        citation=citation(study.citation),
    )


def shown_in(scope: Mapping[str, str], answers: Sequence[Answers]) -> list[tuple[str, str]]:
    """(id, title) of the models of the page whose answers a drawing shows; one of a dataset shows no answers.

    Args:
        scope: what the drawing shows, any of dataset, split and model.
        answers: of the page.
    """
    if set(scope) == {"dataset"}:
        return []
    return [(each.model, each.title) for each in answers if scope.get("model", each.model) == each.model]


def changes(answers: Sequence[Answers]) -> np.ndarray:
    """In how many conditions of all models the prediction differs from the model's first one, shape ``(N,)``."""
    return sum(
        ((each.predictions != each.predictions[0]) & (each.predictions != NOT_ASKED) & (each.predictions[0] != NOT_ASKED)).sum(axis=0)
        for each in answers
    )


def citation(found: Mapping[str, Any]) -> list[str]:
    """Lines that say what to cite: the software, and the works that its citation file refers to."""
    lines = []
    for work in (found, *found.get("references", ())):
        names = [author.get("name") or f"{author['given-names']} {author['family-names']}" for author in work["authors"]]
        version = f", version {work['version']}" if "version" in work else ""
        lines.append(f"{', '.join(names)}: {work['title']}{version}.")
    return lines
