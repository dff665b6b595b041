"""Reads what a page shows from the results of a study."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import softmax

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.prompts import Prompt
from cuealign.core.errors import InputError
from cuealign.core.plain_files import ADVICE, Written, read_text, read_written
from cuealign.core.schema import PREDICTIONS, read_tokens
from cuealign.core.vocabulary import CONCEPTS, INVALID
from cuealign.evaluation.evaluation import MEAN
from cuealign.interventions import INTERVENTIONS
from cuealign.interventions.conditions import condition_title
from cuealign.prompts.labels import label_words
from cuealign.prompts.templates import CueBlockTemplate, parse_template
from cuealign.reporting.page.content import (
    NO_PROBABILITY,
    NOT_ASKED,
    Answers,
    Condition,
    Drawing,
    Key,
    Place,
    Point,
    Table,
    Utterances,
    Verdict,
)
from cuealign.reporting.results import Results

BLOCK = "\ue000"
"""Stands where a cue block goes in the text of a prompt: a character of Unicode's private use, which no prompt contains."""

LONGEST = 400
"""Letters of an answer that a page shows; the predictions have all."""


def conditions_of(keys: Iterable[Key]) -> list[Condition]:
    """Conditions with their titles, each once, in their order."""
    found = []
    for intervention, p, seed in dict.fromkeys(keys):
        title = condition_title(intervention, p)
        found.append(Condition((intervention, p, seed), f"{title}, seed {seed}" if INTERVENTIONS.get(intervention).is_random else title))
    return found


def predictions_of(results: Path, experiment: Experiment, key: Key) -> pd.DataFrame:
    """Predictions of an experiment under a condition, indexed by utterance."""
    intervention, p, seed = key
    path = results / "predictions" / str(experiment) / intervention / f"p{p}" / f"seed{seed}.parquet"
    return PREDICTIONS.read(path).set_index("utterance", drop=False)


def answers_of(
    predictions: Iterable[pd.DataFrame],
    conditions: Sequence[int],
    utterances: pd.Index,
    labels: Sequence[str],
    *,
    experiment: Experiment,
    title: str,
    colour: str,
    prompts: tuple[str, str],
) -> Answers:
    """What a model answered, as a page holds it.

    Args:
        predictions: one table per condition, as :func:`predictions_of` gives it; taken one by one.
        conditions: their indices on the page.
        utterances: of the page.
        labels: of the dataset.
        experiment, title, colour: of the model.
        prompts: with :data:`BLOCK` and without a cue block.

    Raises:
        InputError: if an utterance is not one of the page's, or a prediction is no label of the dataset.
    """
    codes = {label: code for code, label in enumerate((*labels, INVALID))}
    shape = len(conditions), len(utterances)
    predicted = np.full(shape, NOT_ASKED, np.uint8)
    words: dict[str, int] = {}
    answers = np.zeros(shape, np.uint32)
    names = [f"logprob_{label}" for label in labels]
    probabilities = np.full((len(conditions), len(labels), len(utterances)), NO_PROBABILITY, np.uint16)
    for number, table in enumerate(predictions):
        places = utterances.get_indexer(table.index)
        where = f"predictions of {experiment}, condition {number + 1}"
        if (places < 0).any():
            raise InputError(f"{where}: the utterance {table.index[places < 0][0]!r} is not in the split; delete them and run again")
        if strange := sorted(set(table["prediction"]) - set(codes)):
            raise InputError(f"{where}: {strange[0]!r} is no label of the dataset; delete them and run again")
        predicted[number, places] = table["prediction"].map(codes)
        answers[number, places] = [words.setdefault(_short(answer), len(words)) for answer in table["answer"]]
        if set(names) <= set(table.columns):
            probabilities[number][:, places] = _thousandths(table[names].to_numpy())
    return Answers(
        model=experiment.model,
        title=title,
        colour=colour,
        prompt=prompts[0],
        prompt_alone=prompts[1],
        conditions=conditions,
        predictions=predicted,
        words=list(words),
        answers=answers.astype(np.uint16 if len(words) <= np.iinfo(np.uint16).max else np.uint32),
        probabilities=None if (probabilities == NO_PROBABILITY).all() else probabilities,
    )


def _short(answer: str) -> str:
    return answer if len(answer) <= LONGEST else f"{answer[:LONGEST]}…"


def _thousandths(logprobs: np.ndarray) -> np.ndarray:
    """Probabilities of the labels, normalised over them, shape ``(L, n)``; rows without log-probabilities have none."""
    known = ~np.isnan(logprobs).any(axis=1) & np.isfinite(logprobs.max(axis=1, initial=-np.inf))
    found = np.full(logprobs.shape, NO_PROBABILITY, np.uint16)
    found[known] = np.rint(1000 * softmax(logprobs[known], axis=1))
    return found.T


def utterances_of(results: Path, dataset: str, split: str, rows: pd.DataFrame, conditions: Sequence[Condition]) -> Utterances:
    """The utterances of a page and their tokens under each condition.

    Args:
        results: folder of the results.
        dataset, split: of the page.
        rows: of the manifest, those that any model was asked about.
        conditions: of the page.

    Raises:
        InputError: if the tokens of an utterance are missing.
    """
    index = pd.Index(rows["utterance"])
    vocabulary: dict[str, int] = {}
    blocks: list[np.ndarray] = []
    places: list[int | None] = []
    for condition in conditions:
        intervention, p, seed = condition.key
        path = results / "interventions" / dataset / split / intervention / f"p{p}" / f"seed{seed}.parquet"
        table = read_tokens(path)
        if (table["cue_block"] == "").all():
            places.append(None)
            continue
        order = pd.Index(table["utterance"]).get_indexer(index)
        if (order < 0).any():
            raise InputError(f"{path}: the utterance {index[order < 0][0]!r} is missing; delete the file and run again")
        for token in pd.unique(table[list(CONCEPTS)].to_numpy().ravel()):
            vocabulary.setdefault(token, len(vocabulary))
        places.append(len(blocks))
        blocks.append(np.stack([table[concept].map(vocabulary).to_numpy(np.uint8)[order] for concept in CONCEPTS]))
    return Utterances(
        {name: rows[name].tolist() for name in ("utterance", "speaker", "gender", "label")},
        rows["duration"].to_numpy(),
        list(vocabulary),
        np.array(blocks, np.uint8).reshape(len(blocks), len(CONCEPTS), len(rows)),
        places,
    )


def prompts_of(prompt: Prompt, cue_block: str, answers: Mapping[str, Answer]) -> tuple[str, str]:
    """Text of a model's prompt with :data:`BLOCK` in the place of the cue block, and without a block."""
    template = parse_template(prompt.text, CueBlockTemplate(cue_block), prompt.words)
    words = template.words(label_words(answers))
    return template.render(words, BLOCK), template.render(words, "")


def points_of(results: Results, experiment: Experiment, conditions: Sequence[Condition]) -> list[Point]:
    """UAR of a model under each condition, with the jackknife-t interval, or the bootstrap's where there is none.

    Args:
        results: of the study, which has the analysis ``conditions``.
        experiment: of the model.
        conditions: that it was asked under, in the grid's order.

    Raises:
        InputError: if the file of the conditions has not the rows of these.
    """
    table = results.metrics(experiment, "conditions")
    told, asked = {(row.intervention, row.p, row.seed) for row in table.itertuples() if row.seed != MEAN}, {each.key for each in conditions}
    for keys, what in ((asked - told, "has no row of"), (told - asked, "has a row that the study does not run:")):
        if keys:
            path = Path(results.results, "metrics", str(experiment), "conditions.csv")
            raise InputError(f"{path}: {what} {' '.join(min(keys))}; {ADVICE}")
    first: dict[tuple[str, str], str] = {}
    for condition in conditions:
        first.setdefault(condition.key[:2], condition.id)
    found = []
    for (intervention, p), row in results.summary(experiment).iterrows():
        low, high = (row["t_low"], row["t_high"]) if pd.notna(row["t_low"]) else (row["ci_low"], row["ci_high"])
        title = condition_title(intervention, p)
        found.append(Point(title, first[intervention, p], float(row["uar"]), float(low), float(high)))
    return found


def model_cautions(results: Results, experiment: Experiment, *, has_conditions: bool) -> list[str]:
    """What makes a reader careful with a model's numbers, but for what is said of the corpus, which stands above all models.

    Args:
        results: of the study.
        experiment: of the model.
        has_conditions: whether the study has the analysis ``conditions``; without it, only the checks of the model are known.
    """
    if not has_conditions:
        return results.checks(experiment)["caution"].dropna().tolist()
    of_corpus = results.cautions_of_corpora(dataset=experiment.dataset)
    every = results.cautions(dataset=experiment.dataset, split=experiment.split, model=experiment.model)
    return [caution for caution in every if caution not in of_corpus]


def verdict_of(results: Results, experiment: Experiment, colour: str, cautions: Sequence[str], points: Sequence[Point]) -> Verdict:
    """The verdict on a model.

    Args:
        results: of the study.
        experiment, colour: of the model.
        cautions: about it; what its verdict lacks is added to them.
        points: of its chart.
    """
    found = results.verdict(experiment)
    missing = [f"Missing: {'; '.join(found['missing'])}."] if found["missing"] else []
    title = results.models[experiment.model].title
    return Verdict(experiment.model, title, colour, found["verdict"], found["sentence"], [*cautions, *missing], points)


class _Said(Written):
    caption: str
    cautions: list[str]


class _Table(_Said):
    """What :meth:`cuealign.reporting.tables.content.TableContent.json` writes."""

    note: str
    columns: list[str]
    rows: list[list[str]]


class _Place(Written):
    says: str
    box: Annotated[list[float], Field(min_length=4, max_length=4)]
    utterances: dict[str, str | list[str]]


class _Drawing(_Said):
    """What :meth:`cuealign.reporting.figures.drawing.Text.json` writes."""

    alternative_text: str
    places: list[_Place]


class _Commit(Written):
    commit: str


class _Way(Written):
    code: str
    jobs: int
    packages: dict[str, str]


class _Corpus(Written):
    utterances: int
    speakers: int
    hours: float
    manifest_sha256: str


class _Responses(Written):
    dataset: str
    split: str
    model: str
    prompts: int
    fingerprint: list[str]


class _Provenance(Written):
    """The part of ``provenance.json`` that a page shows."""

    workflow: _Commit
    system: str
    config_sha256: str
    stages: dict[str, list[_Way]]
    datasets: dict[str, _Corpus]
    responses: list[_Responses]


def table_of(results: Path, name: str) -> Table:
    """A table of the study."""
    path = results / "tables" / f"{name}.json"
    found = read_written(path, _Table)
    for number, row in enumerate(found.rows):
        if len(row) != len(found.columns):
            raise InputError(f"{path}: rows.{number} has {len(row)} cells, but there are {len(found.columns)} columns; {ADVICE}")
    csv = read_text(path.with_suffix(".csv"))
    if not csv.endswith("\n") or "\0" in csv:
        raise InputError(f"{path.with_suffix('.csv')}: is no whole table; {ADVICE}")
    return Table(name, found.caption, found.note, found.cautions, found.columns, found.rows, csv)


def drawing_of(results: Path, name: str, models: Sequence[tuple[str, str]]) -> Drawing:
    """A drawing of the study; ``models`` are the (id, title) of those whose answers it shows."""
    path = results / "figures" / f"{name}.json"
    found = read_written(path, _Drawing)
    svg = read_text(path.with_suffix(".svg"))
    if "<svg" not in svg or not svg.rstrip().endswith("</svg>"):
        raise InputError(f"{path.with_suffix('.svg')}: is no whole picture; {ADVICE}")
    places = [Place(place.says, place.box, place.utterances) for place in found.places]
    return Drawing(name, svg.encode(), found.caption, found.alternative_text, found.cautions, models, places)


def provenance_of(results: Path) -> dict[str, Any]:
    """What the results were made of, as far as a page shows it."""
    return read_written(results / "provenance.json", _Provenance).model_dump()
