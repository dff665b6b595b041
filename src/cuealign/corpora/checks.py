"""Check the description of a corpus: map its labels and check splits, speakers, genders and counts.

All problems are reported together. Only utterances that the config leaves out are left out.
"""

import logging

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import InputError, raise_all
from cuealign.core.schema import UTTERANCES
from cuealign.core.text import counted, some
from cuealign.corpora.drawn_splits import draw_speakers
from cuealign.corpora.identities import in_one_form, look_alikes, names_nobody, odd_characters
from cuealign.corpora.readers import READERS

logger = logging.getLogger(__name__)


def check_description(raw: pd.DataFrame, dataset: Dataset, *, name: str) -> pd.DataFrame:
    """Map the labels of a corpus and check its description.

    Args:
        raw: table from a reader, columns :data:`cuealign.corpora.rows.RAW_COLUMNS`.
        dataset: entry of the config.
        name: id of the dataset, for messages.

    Returns:
        Table of kind :data:`cuealign.core.schema.UTTERANCES` with all rows of the corpus. The label is missing if the config
        leaves the row out.

    Raises:
        InputError: lists all problems.
    """
    # Readers from outside of this repository may not know sessions.
    raw = in_one_form(raw if "session" in raw else raw.assign(session=""))
    raise_all(odd_characters(raw), where=f"dataset {name}")
    nobody = names_nobody(raw["speaker"]) & (dataset.unnamed_speakers != "keep")
    if dataset.unnamed_speakers == "error":
        raise_all(
            (
                f"speaker {speaker!r} names nobody in {len(rows)} row{'s' * (len(rows) > 1)}, first in {rows.iloc[0]}"
                for speaker, rows in raw["origin"][nobody].groupby(raw["speaker"])
            ),
            where=f"dataset {name} (all of them would count as one person; datasets.{name}.unnamed_speakers: separate makes each such "
            "utterance a cluster of its own, exclude leaves them out, keep takes the word for a name)",
        )
    elif dataset.unnamed_speakers == "separate" and nobody.any():
        raw = raw.assign(speaker=raw["speaker"].where(~nobody, raw["speaker"] + " " + raw["utterance"]))
        logger.warning("dataset %s: %s without a named speaker, each a cluster of its own", name, counted(nobody.sum(), "utterance"))
    if alike := look_alikes(set(raw["speaker"])):
        told = some((", ".join(map(repr, group)) for group in alike), file=f"results/corpora/{name}/utterances.parquet", between="; ")
        logger.warning("dataset %s: speakers %s differ in case or width only; are they one?", name, told)
    mapping = {label: label for label in dataset.labels} | dict(dataset.label_map)
    unknown = raw[~raw["raw_label"].isin(list(mapping))]
    raise_all(
        (f"{row.origin}: unknown label {row.raw_label!r}" for row in unknown.itertuples()),
        where=f"dataset {name} (known: {', '.join(mapping)}; map others in datasets.{name}.label_map; null leaves them out)",
    )
    lines = differences(raw, dataset)
    if lines and not dataset.partial:
        where = f"dataset {name}: the counts in {dataset.root} are not the published ones"
        raise_all(lines, where=f"{where} (datasets.{name}.partial: true accepts a partial copy)")
    if lines:
        told = some(lines, file=f"results/corpora/{name}/counts.json", between="; ")
        logger.warning("dataset %s, a partial copy, differs from the release in %s: %s", name, counted(len(lines), "count"), told)
    table = raw.assign(label=raw["raw_label"].map(mapping))
    if unnamed := without_speaker(table, dataset):
        table.loc[_unnamed(table, dataset), "label"] = None
        logger.warning("dataset %s: %s without a named speaker left out, as unnamed_speakers says", name, counted(unnamed, "utterance"))
    if out := left_out(table, dataset):
        told = some((f"{count} labelled {label!r}" for label, count in out.items()), 10, file=f"results/corpora/{name}/counts.json")
        logger.warning("dataset %s: %s left out, as label_map says: %s", name, counted(sum(out.values()), "utterance"), told)
    if dataset.split is not None:
        table = _drawn(table, dataset, name)
    used = table[table["label"].notna()]
    raise_all([*_twice(table), *_speakers(used, dataset), *splits(used, dataset)], where=f"dataset {name}")
    if others := unused(used, dataset):
        told = some((f"{count} in {value!r}" for value, count in others.items()), 10, file=f"results/corpora/{name}/counts.json")
        count = counted(sum(others.values()), "utterance")
        logger.warning("dataset %s: %s in splits that no split of the config names: %s", name, count, told)
    return UTTERANCES.check(table, f"dataset {name}")


def _drawn(table: pd.DataFrame, dataset: Dataset, name: str) -> pd.DataFrame:
    """The table with splits by speaker. All named speakers take part, so that a change of ``label_map`` moves none."""
    speakers = set(table["speaker"][~_unnamed(table, dataset)])
    if len(speakers) < 2:
        raise InputError(f"dataset {name}: split: speaker needs two named speakers or more, but there is {len(speakers)}")
    test = draw_speakers(speakers, share=dataset.split.test, seed=dataset.split.seed)
    return table.assign(split=table["speaker"].isin(test).map({True: "test", False: "train"}))


def differences(table: pd.DataFrame, dataset: Dataset) -> list[str]:
    """One line per count that differs from the published one; none if the reader knows no published counts."""
    reader = READERS.module(dataset.reader)
    return reader.differences(dataset, table) if hasattr(reader, "differences") else []


def left_out(table: pd.DataFrame, dataset: Dataset) -> dict[str, int]:
    """Utterances per raw label that the config leaves out for their label."""
    out = table["label"].isna() & ~_unnamed(table, dataset)
    return {str(label): int(count) for label, count in table["raw_label"][out].value_counts().items()}


def without_speaker(table: pd.DataFrame, dataset: Dataset) -> int:
    """Utterances that the config leaves out for want of a named speaker."""
    return int(_unnamed(table, dataset).sum())


def _unnamed(table: pd.DataFrame, dataset: Dataset) -> pd.Series:
    return names_nobody(table["speaker"]) & (dataset.unnamed_speakers == "exclude")


def unused(table: pd.DataFrame, dataset: Dataset) -> dict[str, int]:
    """Utterances per value of the split column that no split of the config names."""
    named = {value for values in dataset.splits.values() for value in values}
    return {str(value): int(count) for value, count in table["split"][~table["split"].isin(named)].value_counts().items()}


def splits(table: pd.DataFrame, dataset: Dataset) -> list[str]:
    """Problems with the evaluation splits: no utterances, or classes without one."""
    problems = []
    for split, values in dataset.splits.items():
        labels = set(table["label"][table["split"].isin(values)])
        if not labels:
            found = some(sorted(set(table["split"])), 20)
            problems.append(f"split {split!r} is empty: no row has split {' or '.join(map(repr, values))} (found: {found})")
        elif dataset.all_classes:
            other = "" if dataset.split is None else "draw with another split.seed, or "
            problems += [
                f"split {split!r} has no utterance of class {label!r}; {other}to allow this, set all_classes: false"
                for label in dataset.labels
                if label not in labels
            ]
    return problems


def _twice(table: pd.DataFrame) -> list[str]:
    """Ids that several rows share, including rows without a label."""
    repeated = table[table["utterance"].duplicated(keep=False)]
    return [
        f"{row.origin}: utterance {row.utterance!r} occurs more than once; give each row its own in the column utterance"
        for row in repeated.itertuples()
    ]


def _speakers(table: pd.DataFrame, dataset: Dataset) -> list[str]:
    """Problems with speakers and genders."""
    problems = []
    if dataset.speaker_disjoint:
        found = table.groupby("speaker")["split"].unique()
        problems += [
            f"speaker {speaker!r} occurs in several splits ({some(values)}); to allow this, set speaker_disjoint: false"
            for speaker, values in found.items()
            if len(values) > 1
        ]
    if (table["session"] != "").any():
        missing = table[table["session"] == ""]
        problems += [f"{row.origin}: session is empty, but other utterances have one" for row in missing.itertuples()]
    genders = table.groupby("speaker")["gender"].unique()
    problems += [f"speaker {speaker!r} has several genders ({some(values)})" for speaker, values in genders.items() if len(values) > 1]
    if dataset.gender_needed:
        unknown = table[table["gender"] == "unknown"]
        problems += [f"{row.origin}: gender is unknown, but tokens.gender_specific needs it" for row in unknown.itertuples()]
    return problems
