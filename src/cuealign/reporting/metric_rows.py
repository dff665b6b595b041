"""Whether the metrics of a model on a split have the rows that the workflow writes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import product

import pandas as pd

from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import CONCEPTS, INVALID, TOKENS
from cuealign.evaluation.columns import KEYS
from cuealign.evaluation.evaluation import MEAN
from cuealign.evaluation.grounding.names import names
from cuealign.interventions.conditions import condition_id, known, parse_condition_id

_CHECKED = ("tensors_placed", "answers", "entropy", "label_mass", "best_score_agrees", "invalid_share", "cut_share", "sounds_cut")
"""Checks that every model has."""


def first_misfit(analysis: str, table: pd.DataFrame, labels: Sequence[str]) -> str:
    """The first thing that is wrong with the rows of a file, as it follows the file's name in an error; empty if nothing is.

    Args:
        analysis: name of the file, one of :data:`cuealign.evaluation.columns.KEYS`.
        table: its rows, each with a key of its own.
        labels: of the dataset.
    """
    return next(_misfits(analysis, table, labels), "")


def _misfits(analysis: str, table: pd.DataFrame, labels: Sequence[str]) -> Iterator[str]:
    columns = [name for name in ("intervention", "p", "seed") if name in KEYS[analysis]]
    named = table[columns].drop_duplicates() if columns else table.iloc[:0]
    for place, row in zip(named.index, named.to_dict("records"), strict=True):
        yield from (f", line {place + 2}: {wrong}" for wrong in _strange_condition(**row))
    for place, row in enumerate(table[list(KEYS[analysis])].to_dict("records")):
        yield from (f", line {place + 2}: {wrong}" for wrong in _strange(row, labels))
    if analysis in _LACKING:
        yield from (f": has no row of {' '.join(row)}" for row in _LACKING[analysis](table, labels))


def _strange(row: dict[str, str], labels: Sequence[str]) -> Iterator[str]:
    """What a row names that there is not, but for its condition."""
    for side in ("a", "b"):
        if side in row and not _is_condition(row[side]):
            yield f"{side} is {row[side]!r}, which is no condition"
    if "label" in row and row["label"] not in labels:
        yield f"label is {row['label']!r}, which the dataset does not have"
    if "prediction" in row and row["prediction"] not in (*labels, INVALID):
        yield f"prediction is {row['prediction']!r}, which is no label of the dataset"
    for name in ("concept", "concept_a", "concept_b"):
        if name in row and row[name] not in CONCEPTS:
            yield f"{name} is {row[name]!r}, which is no concept"
    if "token" in row and row["token"] not in TOKENS[row["concept"]]:
        yield f"token is {row['token']!r}, which is no token of {row['concept']}"


def _is_condition(identifier: str) -> bool:
    intervention, p = parse_condition_id(identifier)
    return not any(_strange_condition(intervention, p)) and condition_id(intervention, p) == identifier


def _strange_condition(intervention: str, p: str | None = None, seed: str | None = None) -> Iterator[str]:
    """What is wrong with an intervention, its strength and its seed; None for one that the file does not have."""
    try:
        found = known(intervention)
    except ConfigError:
        yield f"intervention is {intervention!r}, which there is not"
        return
    if p is not None and not (_is_strength(p) if found.has_strength else p == "0"):
        yield f"p is {p!r}, which is no strength of {intervention}"
    if seed is not None and not (seed == MEAN or seed.isdecimal() if found.is_random else seed == "0"):
        yield f"seed is {seed!r}, which is no seed of {intervention}"


def _is_strength(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _without_mean(table: pd.DataFrame, _labels: Sequence[str]) -> Iterator[Sequence[str]]:
    """Random interventions have a mean over seeds, and every mean has seeds."""
    for (name, p), rows in table.groupby(["intervention", "p"], sort=False):
        seeds = set(rows["seed"])
        if known(name).is_random and MEAN not in seeds:
            yield name, p, MEAN
        if seeds == {MEAN}:
            yield name, p, "any seed"


def _without_count(table: pd.DataFrame, labels: Sequence[str]) -> Iterator[Sequence[str]]:
    return _lost(table, ["intervention", "p"], ["label", "prediction"], list(product(labels, (*labels, INVALID))))


def _without_shift(table: pd.DataFrame, labels: Sequence[str]) -> Iterator[Sequence[str]]:
    """All conditions have the same quantities, and the share of every prediction."""
    quantities = dict.fromkeys([*table["quantity"], *(f"predicted:{label}" for label in labels)])
    return _lost(table, ["intervention", "p"], ["quantity"], [(name,) for name in quantities])


def _without_effect(table: pd.DataFrame, _labels: Sequence[str]) -> Iterator[Sequence[str]]:
    return _lost(table, ["label"], ["concept", "token"], [(concept, token) for concept in CONCEPTS for token in TOKENS[concept]])


def _without_pair(table: pd.DataFrame, _labels: Sequence[str]) -> Iterator[Sequence[str]]:
    pairs = set(zip(table["concept_a"], table["concept_b"], strict=True))
    every = [(a, b) for place, a in enumerate(CONCEPTS) for b in CONCEPTS[place + 1 :]]
    return (pair for pair in every if pairs and pair not in pairs)


def _lost(table: pd.DataFrame, group: list[str], key: list[str], expected: Collection[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Rows that a group of rows lacks."""
    for name, rows in table.groupby(group, sort=False):
        there = set(rows[key].itertuples(index=False, name=None))
        yield from ((*name, *each) for each in expected if each not in there)


def _of_quantities(names: Sequence[str]) -> Callable[[pd.DataFrame, Sequence[str]], Iterator[Sequence[str]]]:
    return lambda table, _labels: ((name,) for name in names if name not in set(table["quantity"]))


_LACKING: dict[str, Callable[[pd.DataFrame, Sequence[str]], Iterator[Sequence[str]]]] = {
    "conditions": _without_mean,
    "confusion": _without_count,
    "shifts": _without_shift,
    "reading": _without_effect,
    "interactions": _without_pair,
    "reliance": _of_quantities(names(())),
    "checks": _of_quantities(_CHECKED),
}
"""By name of the file, the rows that it should have and has not."""
