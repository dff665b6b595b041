"""Check the description of a corpus: map its labels and check splits, speakers, genders and counts.

All problems are reported together. Only utterances that the config leaves out are left out.
"""

import logging

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import raise_all
from cuealign.core.schema import UTTERANCES
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
        logger.warning("dataset %s: each of %d utterances without a named speaker is a cluster of its own", name, nobody.sum())
    for group in look_alikes(set(raw["speaker"])):
        logger.warning("dataset %s: speakers %s differ in case or width only; are they one?", name, ", ".join(map(repr, group)))
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
    for line in lines:
        logger.warning("dataset %s, a partial copy: %s", name, line)
    table = raw.assign(label=raw["raw_label"].map(mapping))
    if unnamed := without_speaker(table, dataset):
        table.loc[_unnamed(table, dataset), "label"] = None
        logger.warning("dataset %s: %d utterances without a named speaker are left out, as unnamed_speakers says", name, unnamed)
    for label, count in left_out(table, dataset).items():
        logger.warning("dataset %s: %d utterances labelled %r are left out, as label_map says", name, count, label)
    used = table[table["label"].notna()]
    raise_all([*_twice(table), *_speakers(used, dataset), *splits(used, dataset)], where=f"dataset {name}")
    for value, count in unused(used, dataset).items():
        logger.warning("dataset %s: %d utterances have split %r, which no split of the config names", name, count, value)
    return UTTERANCES.check(table, f"dataset {name}")


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
            found = ", ".join(sorted(set(table["split"])))
            problems.append(f"split {split!r} is empty: no row has split {' or '.join(map(repr, values))} (found: {found})")
        elif dataset.all_classes:
            problems += [
                f"split {split!r} has no utterance of class {label!r}; to allow this, set all_classes: false"
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
            f"speaker {speaker!r} occurs in several splits ({', '.join(map(str, values))}); to allow this, set speaker_disjoint: false"
            for speaker, values in found.items()
            if len(values) > 1
        ]
    if (table["session"] != "").any():
        missing = table[table["session"] == ""]
        problems += [f"{row.origin}: session is empty, but other utterances have one" for row in missing.itertuples()]
    genders = table.groupby("speaker")["gender"].unique()
    problems += [f"speaker {speaker!r} has several genders ({', '.join(values)})" for speaker, values in genders.items() if len(values) > 1]
    if dataset.gender_needed:
        unknown = table[table["gender"] == "unknown"]
        problems += [f"{row.origin}: gender is unknown, but tokens.gender_specific needs it" for row in unknown.itertuples()]
    return problems
