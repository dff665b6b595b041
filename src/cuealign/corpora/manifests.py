"""Build the manifest of a corpus from its description and its audit, or fail with an error that names all bad files.

If the config excludes bad audio, it is counted in the log and in ``counts.json``, from which tables take the counts.
"""

import logging
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import InputError, raise_all
from cuealign.core.schema import MANIFEST
from cuealign.corpora import checks

logger = logging.getLogger(__name__)


def build_manifest(utterances: pd.DataFrame, audit: pd.DataFrame, dataset: Dataset, *, name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Build a manifest.

    Args:
        utterances: table of kind :data:`cuealign.core.schema.UTTERANCES`.
        audit: table of kind :data:`cuealign.core.schema.AUDIT`, of the same utterances.
        dataset: entry of the config.
        name: id of the dataset, for messages.

    Returns:
        Table of kind :data:`cuealign.core.schema.MANIFEST`, sorted by utterance; and counts of utterances that are left out or
        unusual, as plain values.

    Raises:
        InputError: lists all bad files, or the splits that are incomplete without them.
    """
    labelled = utterances[utterances["label"].notna()]
    if set(labelled["utterance"]) != set(audit["utterance"]):
        raise InputError(
            f"results/corpora/{name}/audit.csv names other utterances than utterances.parquet; delete it and run the workflow again"
        )
    audited = labelled.drop(columns="raw_label").merge(audit.drop(columns=["file", "origin"]), on="utterance", validate="one_to_one")
    bad = audited[audited["problem"] != ""]
    if dataset.on_bad_audio == "error":
        raise_all(
            (f"{row.origin}: {row.problem}" for row in bad.itertuples()),
            where=f"dataset {name} (full list: results/corpora/{name}/audit.csv; after repairing files: --forcerun audit_audio; "
            f"to leave them out: datasets.{name}.on_bad_audio: exclude)",
        )
    good = audited[audited["problem"] == ""]
    if len(bad):
        logger.warning(
            "dataset %s: %d of %d utterances are excluded for bad audio (after repairing files: --forcerun audit_audio):",
            *(name, len(bad), len(audited)),
        )
        for row in bad.itertuples():
            logger.warning("dataset %s: excluded: %s: %s", name, row.origin, row.problem)
        raise_all(checks.splits(good, dataset), where=f"dataset {name}, bad audio excluded")
    counts = {
        "rows": len(utterances),
        "left_out": checks.left_out(utterances, dataset),
        "without_speaker": checks.without_speaker(utterances, dataset),
        "excluded": [
            {
                "utterance": row.utterance,
                "speaker": row.speaker,
                "split": row.split,
                "label": row.label,
                "problem": row.problem.replace(row.file, "").lstrip(": "),
            }
            for row in bad.itertuples()
        ],
        "unused_splits": checks.unused(good, dataset),
        "same_sound": _same_sound(good, name),
        "silent": _silent(good, name),
        "clipped": _clipped(good, name),
        "rates": {f"{rate:.0f} Hz": int(count) for rate, count in good["rate"].value_counts().sort_index().items()},
        "channels": {f"{channels:.0f}": int(count) for channels, count in good["channels"].value_counts().sort_index().items()},
        "not_as_published": checks.differences(utterances, dataset),
    }
    # A missing end is set to where the decoded samples end. Counted in samples, so that the same ones are read later.
    decoded_until = ((good["start"] * good["rate"]).round() + (good["duration"] * good["rate"]).round()) / good["rate"]
    manifest = good.assign(end=good["end"].fillna(decoded_until))[list(MANIFEST.columns)].sort_values("utterance", ignore_index=True)
    return MANIFEST.check(manifest, f"dataset {name}"), counts


def _same_sound(table: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """Groups of utterances with the same samples."""
    groups = []
    for _, rows in table[table["audio_sha256"].duplicated(keep=False)].groupby("audio_sha256", sort=False):
        splits = sorted(set(rows["split"]))
        where = f"in several splits ({', '.join(splits)})" if len(splits) > 1 else "in one split"
        logger.warning("dataset %s: the same sound occurs %d times, %s: %s", name, len(rows), where, ", ".join(rows["utterance"]))
        groups.append({"utterances": list(rows["utterance"]), "splits": splits, "labels": sorted(set(rows["label"]))})
    return groups


def _silent(table: pd.DataFrame, name: str) -> int:
    for row in table[table["silent"]].itertuples():
        logger.warning("dataset %s: %s is silent; it is kept, and its voiced concepts become UNVOICED", name, row.file)
    return int(table["silent"].sum())


def _clipped(table: pd.DataFrame, name: str) -> int:
    clipped = int((table["clipped"] > 0).sum())
    if clipped:
        logger.warning("dataset %s: %d utterances have samples at full scale and may be clipped", name, clipped)
    if loud := int((table["peak"] > 1).sum()):
        logger.warning("dataset %s: %d utterances exceed full scale; openSMILE clips them", name, loud)
    return clipped
