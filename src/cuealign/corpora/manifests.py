"""Build the manifest of a corpus from its description and its audit, or fail with an error that names all bad files.

If the config excludes bad audio, it is counted in the log and in ``counts.json``, from which tables take the counts.
"""

import logging
import re
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import InputError, raise_all
from cuealign.core.plain_files import ADVICE
from cuealign.core.schema import MANIFEST
from cuealign.core.text import counted, some
from cuealign.corpora import checks, leaks
from cuealign.corpora.audit import OFFSET, SOFT

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
        InputError: lists all bad files, the splits that are incomplete without them, or the sounds that several splits share.
    """
    labelled = utterances[utterances["label"].notna()]
    if set(labelled["utterance"]) != set(audit["utterance"]):
        raise InputError(
            f"results/corpora/{name}/audit.csv names other utterances than utterances.parquet; delete it and run the workflow again"
        )
    if strange := sorted(set(labelled["label"]) - set(dataset.labels)):
        raise InputError(f"results/corpora/{name}/utterances.parquet has the label {strange[0]!r}, which the config does not; {ADVICE}")
    audited = labelled.drop(columns="raw_label").merge(audit.drop(columns=["file", "origin"]), on="utterance", validate="one_to_one")
    bad = audited[audited["problem"] != ""]
    if dataset.on_bad_audio == "error":
        raise_all(
            (f"{row.origin}: {row.problem}" for row in bad.itertuples()),
            where=f"dataset {name} (full list: results/corpora/{name}/audit.csv; to leave them out: datasets.{name}.on_bad_audio: exclude)",
        )
    good = audited[audited["problem"] == ""]
    if len(bad):
        told = some((f"{row.origin}: {row.problem}" for row in bad.itertuples()), file=_counts(name), between="; ")
        logger.warning("dataset %s: %d of %s excluded for bad audio: %s", name, len(bad), counted(len(audited), "utterance"), told)
        raise_all(checks.splits(good, dataset), where=f"dataset {name}, bad audio excluded")
    # A missing end is set to where the decoded samples end. Counted in samples, so that the same ones are read later.
    decoded_until = ((good["start"] * good["rate"]).round() + (good["duration"] * good["rate"]).round()) / good["rate"]
    good = good.assign(end=good["end"].fillna(decoded_until), channel=dataset.channel, remove_offset=dataset.remove_offset)
    overlapping, same = leaks.overlaps(good), leaks.same_sounds(good)
    if dataset.speaker_disjoint:
        raise_all(
            _shared(same, overlapping, dataset),
            where=f"dataset {name}: sound that several splits share (take it out of one; to allow this: "
            f"datasets.{name}.speaker_disjoint: false)",
        )
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
                "problem": _without_paths(row.problem, row.file),
            }
            for row in bad.itertuples()
        ],
        "drawn": _drawn(good, dataset),
        "unused_splits": checks.unused(good, dataset),
        "same_sound": _same_sound(same, name),
        "overlaps": len(overlapping),
        "overlapping": _overlaps(overlapping, name),
        "silent": _silent(good, name),
        "clipped": _clipped(good, name),
        **_channels(good, dataset, name),
        "rates": {f"{rate:.0f} Hz": int(count) for rate, count in good["rate"].value_counts().sort_index().items()},
        "channels": {f"{channels:.0f}": int(count) for channels, count in good["channels"].value_counts().sort_index().items()},
        "not_as_published": checks.differences(utterances, dataset),
    }
    manifest = good[list(MANIFEST.columns)].sort_values("utterance", ignore_index=True)
    return MANIFEST.check(manifest, f"dataset {name}"), counts


def _drawn(table: pd.DataFrame, dataset: Dataset) -> dict[str, Any]:
    """How the splits were drawn, and the speakers of each; empty if they were given."""
    if dataset.split is None:
        return {}
    return {**dataset.split.model_dump(), "speakers": {value: sorted(set(rows)) for value, rows in table.groupby("split")["speaker"]}}


def _shared(groups: list[pd.DataFrame], overlapping: list[leaks.Overlap], dataset: Dataset) -> list[str]:
    """One line per sound that splits of the config share. Silence tells a model nothing."""
    named = {value for values in dataset.splits.values() for value in values}
    return [
        "the same sound: " + " and ".join(f"{row.origin} ({row.split})" for row in rows.itertuples())
        for rows in groups
        if len(set(rows["split"]) & named) > 1 and not rows["silent"].any()
    ] + [str(overlap) for overlap in overlapping if {overlap.split, overlap.other_split} <= named]


def _without_paths(problem: str, file: str) -> str:
    """What is wrong with a file, without saying where it lies: counts go into the provenance, which names no machine."""
    return re.sub(r"a link to .*, which", "a link to what", problem.replace(file, "").lstrip(": "))


def _same_sound(groups: list[pd.DataFrame], name: str) -> list[dict[str, Any]]:
    """Groups of utterances with the same samples."""
    found = [
        {"utterances": list(rows["utterance"]), "splits": sorted(set(rows["split"])), "labels": sorted(set(rows["label"]))}
        for rows in groups
    ]
    if found:
        across = sum(len(group["splits"]) > 1 for group in found)
        # Those that splits share come first, as they say too much about a model.
        told = (
            f"{some(group['utterances'], 4)} ({'splits' if len(group['splits']) > 1 else 'split'} {some(group['splits'])})"
            for group in sorted(found, key=lambda group: len(group["splits"]) == 1)
        )
        logger.warning(
            "dataset %s: %s in more than one utterance, %d of them in several splits (all in %s): %s",
            *(name, counted(len(found), "sound"), across, _counts(name), some(told, between="; ")),
        )
    return found


def _overlaps(found: list[leaks.Overlap], name: str) -> list[str]:
    """Pairs of segments that overlap, each in words."""
    told = list(map(str, found))
    if told:
        logger.warning(
            "dataset %s: segments of different splits share sound, %s: %s", name, counted(len(told), "pair"), some(told, file=_counts(name))
        )
    return told


def _silent(table: pd.DataFrame, name: str) -> int:
    silent = table["file"][table["silent"]]
    if len(silent):
        logger.warning(
            "dataset %s: %s without sound, kept, with UNVOICED for voiced concepts: %s",
            *(name, counted(len(silent), "utterance"), some(silent, file=_audit(name))),
        )
    return len(silent)


def _clipped(table: pd.DataFrame, name: str) -> int:
    clipped = int((table["clipped"] > 0).sum())
    if clipped:
        logger.warning("dataset %s: %s with samples at full scale, perhaps clipped", name, counted(clipped, "utterance"))
    if (loud := table["peak"] > 1).any():
        logger.warning(
            "dataset %s: %s beyond full scale, where openSMILE clips: %s",
            name,
            counted(loud.sum(), "utterance"),
            some(table["file"][loud], file=_audit(name)),
        )
    return clipped


def _channels(table: pd.DataFrame, dataset: Dataset, name: str) -> dict[str, int]:
    """Counts of utterances whose channels or offset change how they are heard."""
    found = {
        "cancelled": table["cancelled"],
        "soft_channel": (table["channel_gap" if dataset.channel == "mean" else "mono_loss"] >= SOFT) & ~table["cancelled"],
        "offset": table["offset"] > OFFSET,
    }
    loss = table["mono_loss"][found["soft_channel"]].max()
    said = {
        "cancelled": f"with channels that cancel each other in their mean (to take one: datasets.{name}.channel: loudest)",
        "soft_channel": "with a channel that is silent or 20 dB softer than another, which makes what is heard up to "
        f"{loss:.1f} dB softer (to take the loudest: datasets.{name}.channel: loudest)",
        "offset": f"with a constant offset beyond {OFFSET:g} of full scale, "
        + (
            "which is removed" if dataset.remove_offset else f"which shifts descriptors (to remove it: datasets.{name}.remove_offset: true)"
        ),
    }
    for key, rows in found.items():
        if rows.any():
            told = some(table["file"][rows], file=_audit(name))
            logger.warning("dataset %s: %s %s: %s", name, counted(rows.sum(), "utterance"), said[key], told)
    if table["channels"].nunique() > 1:
        numbers = table["channels"].value_counts().sort_index()
        logger.warning(
            "dataset %s: files have different numbers of channels: %s",
            *(name, ", ".join(f"{counted(count, 'utterance')} with {channels:.0f}" for channels, count in numbers.items())),
        )
    return {key: int(rows.sum()) for key, rows in found.items()}


def _counts(name: str) -> str:
    """File that has everything that is counted, with the utterances."""
    return f"results/corpora/{name}/counts.json"


def _audit(name: str) -> str:
    """File that has what was found in every sound."""
    return f"results/corpora/{name}/audit.csv"
