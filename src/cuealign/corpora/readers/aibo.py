"""Reader ``aibo``: FAU-Aibo, the five-class chunks of the INTERSPEECH 2009 Emotion Challenge.

Steidl, Automatic classification of emotion-related user states in spontaneous children's speech, 2009; Schuller, Steidl
& Batliner, The INTERSPEECH 2009 Emotion Challenge, 2009. The school Ohm is for training and
development, the school Mont for testing. The split column has the values ``train``, ``dev`` and ``test``; raw labels are
A, E, N, P and R. The label file does not tell the gender of the children.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import InputError, raise_all
from cuealign.core.registry import PluginOptions
from cuealign.corpora.release import locate, on_disk, text_lines, without_label
from cuealign.corpora.rows import RAW_COLUMNS


class Options(PluginOptions):
    """Which children are held out for development."""

    dev_speakers: list[str] = Field(default=["Ohm_31", "Ohm_32"], description="Speakers of the school Ohm that make the split `dev`.")


SCHOOLS = {
    "Ohm": {"A": 881, "E": 2093, "N": 5590, "P": 674, "R": 721},
    "Mont": {"A": 611, "E": 1508, "N": 5377, "P": 215, "R": 546},
}
"""Chunks per school and class: 9,959 and 8,257."""

LABELS = "chunk_labels_5cl_corpus.txt"

_LINE = re.compile(r"(?P<utterance>(?P<speaker>(?:Ohm|Mont)_\d\d)_\d\d\d_\d\d) +(?P<code>\S+) +\d+(?:\.\d+)?", re.ASCII)


def sources(dataset: Dataset) -> list[str]:
    """The label file of the five classes."""
    # In labels/IS2009EmotionChallenge, in a folder of the same name inside, or beside the recordings.
    return [str(locate(dataset.root, LABELS, depth=3, what="the five-class label file of FAU-Aibo") / LABELS)]


def read(dataset: Dataset, files: Sequence[str]) -> pd.DataFrame:
    """Read the label file.

    Args:
        dataset: entry of the config.
        files: the label file.

    Returns:
        Columns :data:`cuealign.corpora.rows.RAW_COLUMNS`, one row per chunk. Speakers keep their school: Ohm_01 and
        Mont_01 are different children.

    Raises:
        InputError: names file and line of all lines that do not fit the format.
    """
    held_out = Options.model_validate(dataset.options).dev_speakers
    (file,) = files
    wav, rows, problems = _wav(dataset), [], []
    for number, line in text_lines(Path(file)):
        if not (match := _LINE.fullmatch(line)):
            if line.strip():
                problems.append(f"line {number}: not a label line: {line[:80]!r}")
            continue
        school = match["speaker"].split("_")[0]
        rows.append(
            {
                "utterance": match["utterance"],
                "file": str(on_disk(wav, f"{match['utterance']}.wav")),
                "start": 0.0,
                "end": float("nan"),
                "speaker": match["speaker"],
                "gender": "unknown",
                "language": "deu",
                "raw_label": match["code"],
                "split": "test" if school == "Mont" else "dev" if match["speaker"] in held_out else "train",
                "origin": f"{file}, line {number}",
            }
        )
    speakers = {row["speaker"] for row in rows}
    problems += [
        f"options.dev_speakers: there is no speaker {name!r} in the school Ohm"
        for name in held_out
        if name not in speakers or not name.startswith("Ohm_")
    ]
    raise_all(problems, where=file)
    return pd.DataFrame(rows, columns=list(RAW_COLUMNS))


def differences(dataset: Dataset, table: pd.DataFrame) -> list[str]:
    """Counts per school and class that differ from those of the challenge."""
    found = Counter(zip(table["speaker"].str.split("_").str[0], table["raw_label"], strict=True))
    lines = [
        f"{school}, class {label}: {found[school, label]} chunks, {count} in the challenge"
        for school, counts in SCHOOLS.items()
        for label, count in counts.items()
        if found[school, label] != count
    ]
    return lines + (without_label(_wav(dataset), "*.wav", set(table["utterance"])) if lines else [])


def _wav(dataset: Dataset) -> Path:
    folder = locate(dataset.root, "wav", depth=1, what="the folder wav of FAU-Aibo") / "wav"
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder")
    return folder
