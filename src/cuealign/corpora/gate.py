"""From what a reader returns to a manifest that all later stages can trust.

Labels are mapped, splits and speakers checked, and every file is decoded once. Problems are collected
and reported together; nothing is dropped but what the config leaves out, and that is counted.
"""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cuealign import audio
from cuealign.errors import InputError, raise_all
from cuealign.parallel import parallel_map
from cuealign.schema import MANIFEST

logger = logging.getLogger(__name__)

SILENCE = 1e-4
"""Peak (full scale 1) below which a clip counts as silent; about -80 dBFS."""


def build(raw: pd.DataFrame, dataset: Mapping[str, Any], *, name: str, workers: int = 1) -> pd.DataFrame:
    """Build a manifest.

    Args:
        raw: what a reader returned.
        dataset: entry of the config.
        name: id of the dataset, for messages.
        workers: processes that decode audio.

    Returns:
        Table of kind :data:`cuealign.schema.MANIFEST`, sorted by utterance.

    Raises:
        InputError: listing every problem found.
    """
    labelled = _map_labels(raw, dataset, name)
    _check_structure(labelled, dataset, name)
    unused = labelled[~labelled["split"].isin({value for values in dataset["splits"].values() for value in values})]
    for value, count in unused["split"].value_counts().items():
        logger.warning("dataset %s: %d utterances have split %r, which no split of the config names", name, count, value)
    rows = [(row.file, row.start, None if np.isnan(row.end) else row.end) for row in labelled.itertuples()]
    results = list(parallel_map(_inspect, rows, f"{name}: audio", unit="file", workers=workers))
    raise_all(
        (f"{origin}: {result}" for origin, result in zip(labelled["origin"], results, strict=True) if isinstance(result, str)),
        where=f"dataset {name}",
    )
    durations, hashes, peaks = (np.array(column) for column in zip(*results, strict=True))
    _report_peaks(labelled, peaks, name)
    _report_duplicates(labelled.assign(audio_sha256=hashes), name)
    manifest = labelled.drop(columns="origin").assign(duration=durations, audio_sha256=hashes)
    manifest["end"] = manifest["end"].fillna(manifest["start"] + manifest["duration"])
    return MANIFEST.check(manifest.sort_values("utterance", ignore_index=True), f"dataset {name}")


def _map_labels(raw: pd.DataFrame, dataset: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Raw labels to labels; rows that the map leaves out go, and are counted in the log."""
    mapping = {label: label for label in dataset["labels"]} | dict(dataset["label_map"])
    unknown = raw[~raw["label"].isin(list(mapping))]
    raise_all(
        (f"{row.origin}: unknown label {row.label!r}" for row in unknown.itertuples()),
        where=f"dataset {name} (known: {', '.join(mapping)}; map others in datasets.{name}.label_map, to null to leave them out)",
    )
    mapped = raw["label"].map(mapping)
    left_out = raw["label"][mapped.isna()].value_counts()
    for label, count in left_out.items():
        logger.warning("dataset %s: %d utterances labelled %r are left out, as label_map says", name, count, label)
    return raw.assign(label=mapped)[mapped.notna()].reset_index(drop=True)


def _check_structure(table: pd.DataFrame, dataset: Mapping[str, Any], name: str) -> None:
    problems = [
        f"{row.origin}: utterance {row.utterance!r} occurs more than once"
        for row in table[table["utterance"].duplicated(keep=False)].itertuples()
    ]
    if dataset["speaker_disjoint"]:
        splits = table.groupby("speaker")["split"].unique()
        problems += [
            f"speaker {speaker!r} occurs in several splits ({', '.join(map(str, values))}); if this is meant, set speaker_disjoint: false"
            for speaker, values in splits.items()
            if len(values) > 1
        ]
    genders = table.groupby("speaker")["gender"].unique()
    problems += [f"speaker {speaker!r} has several genders ({', '.join(values)})" for speaker, values in genders.items() if len(values) > 1]
    if dataset.get("gender_needed"):
        unknown = table[table["gender"] == "unknown"]
        problems += [f"{row.origin}: gender is unknown, but tokens.gender_specific needs it" for row in unknown.itertuples()]
    for split, values in dataset["splits"].items():
        labels = set(table["label"][table["split"].isin(values)])
        if not labels:
            found = ", ".join(sorted(set(table["split"])))
            problems.append(f"split {split!r} is empty: no row has split {' or '.join(map(repr, values))} (found: {found})")
        elif dataset["all_classes"]:
            problems += [
                f"split {split!r} has no utterance of class {label!r}; if this is meant, set all_classes: false"
                for label in dataset["labels"]
                if label not in labels
            ]
    raise_all(problems, where=f"dataset {name}")


def _inspect(row: tuple[str, float, float | None]) -> tuple[float, str, float] | str:
    """Duration in seconds, hash and peak of one utterance, or the problem with it."""
    try:
        samples, rate = audio.read_native(*row)
    except InputError as error:
        return str(error)
    return len(samples) / rate, audio.fingerprint(samples, rate), float(np.abs(samples.mean(axis=1)).max())


def _report_duplicates(table: pd.DataFrame, name: str) -> None:
    for _, rows in table[table["audio_sha256"].duplicated(keep=False)].groupby("audio_sha256", sort=False):
        where = "in several splits" if rows["split"].nunique() > 1 else "in one split"
        logger.warning("dataset %s: the same sound occurs %d times, %s: %s", name, len(rows), where, ", ".join(rows["utterance"]))


def _report_peaks(table: pd.DataFrame, peaks: np.ndarray, name: str) -> None:
    if loud := int((peaks > 1).sum()):
        logger.warning("dataset %s: %d utterances exceed full scale; openSMILE hears them clipped", name, loud)
    for row in table[peaks < SILENCE].itertuples():
        logger.warning("dataset %s: %s is silent; it is kept (its voiced concepts become UNVOICED)", name, row.file)
