"""Reader ``iemocap``: the release folder as unpacked.

Busso et al., IEMOCAP: interactive emotional dyadic motion capture database, Language Resources and Evaluation 42,
2008. The split column has the values ``session1`` to ``session5``; raw labels are the codes of the release.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.core.errors import raise_all
from cuealign.corpora.release import locate, on_disk, text_lines, visible, without_label
from cuealign.corpora.rows import RAW_COLUMNS

FOUR = {"ang": "ang", "hap": "hap+exc", "exc": "hap+exc", "neu": "neu", "sad": "sad"}
"""Classes of the usual four-way set, in which sessions are counted."""

SESSIONS = {
    "session1": {"ang": 229, "hap+exc": 278, "neu": 384, "sad": 194, "female": 528, "male": 557},
    "session2": {"ang": 137, "hap+exc": 327, "neu": 362, "sad": 197, "female": 481, "male": 542},
    "session3": {"ang": 240, "hap+exc": 286, "neu": 320, "sad": 305, "female": 522, "male": 629},
    "session4": {"ang": 327, "hap+exc": 303, "neu": 258, "sad": 143, "female": 528, "male": 503},
    "session5": {"ang": 170, "hap+exc": 442, "neu": 384, "sad": 245, "female": 590, "male": 651},
}
"""Utterances of the four-way set per session, by class and by gender of the speaker: 5,531 in all."""

CODES = {
    **{"xxx": 2507, "fru": 1849, "neu": 1708, "ang": 1103, "sad": 1084, "exc": 1041, "hap": 595},
    **{"sur": 107, "fea": 40, "oth": 3, "dis": 2},
}
"""Utterances per code in all five sessions: 10,039 in all."""

_LABEL = re.compile(
    r"\[\d+\.\d+ - \d+\.\d+\]\t(?P<utterance>(?P<dialog>Ses0(?P<session>\d)\w+)_(?P<who>[FM])\w{3})\t(?P<code>\w+)\t\[[^\]]*\]",
    re.ASCII,
)
_OTHER = re.compile(r"%.*|[CA]-\w+:.*|\s*")  # header, ratings of single raters, blank lines


def sources(dataset: Dataset) -> list[str]:
    """The label files, one per dialog; the folders of single raters below them are not read."""
    root = _root(dataset)
    return [str(path) for path in visible(root, "Session[1-5]/dialog/EmoEvaluation/*.[tT][xX][tT]")]


def read(dataset: Dataset, files: Sequence[str]) -> pd.DataFrame:
    """Read the label files.

    The speaker is the session and the F or M of the *last* group of an utterance's id: its prefix tells who wears
    the motion-capture markers, and half of the time that is the other speaker.

    Args:
        dataset: entry of the config.
        files: the label files.

    Returns:
        Columns :data:`cuealign.corpora.rows.RAW_COLUMNS` and ``session``, one row per label line.

    Raises:
        InputError: names file and line of all lines that do not fit the format.
    """
    root, rows, problems = _root(dataset), [], []
    for file in files:
        dialog = Path(file).stem
        for number, line in text_lines(Path(file)):
            if not (match := _LABEL.fullmatch(line)):
                if not _OTHER.fullmatch(line):
                    problems.append(f"{file}, line {number}: not a label line: {line[:80]!r}")
                continue
            folder = f"Session{match['session']}"
            if match["dialog"] != dialog or folder != Path(file).parents[2].name:
                problems.append(f"{file}, line {number}: {match['utterance']} does not belong to this dialog")
            rows.append(
                {
                    "utterance": match["utterance"],
                    "file": str(on_disk(root / folder / "sentences/wav" / match["dialog"], f"{match['utterance']}.wav")),
                    "start": 0.0,
                    "end": float("nan"),
                    "speaker": f"Ses0{match['session']}{match['who']}",
                    "gender": {"F": "female", "M": "male"}[match["who"]],
                    "language": "eng",
                    "raw_label": match["code"],
                    "split": f"session{match['session']}",
                    "session": f"session{match['session']}",
                    "origin": f"{file}, line {number}",
                }
            )
    raise_all(problems, where=str(root))
    return pd.DataFrame(rows, columns=[*RAW_COLUMNS, "session"])


def differences(dataset: Dataset, table: pd.DataFrame) -> list[str]:
    """Counts that differ from those of the release: per session by class and gender, and per code over all sessions."""
    four = table[table["raw_label"].isin(FOUR)]
    found = Counter(zip(four["split"], four["raw_label"].map(FOUR), strict=True)) + Counter(zip(four["split"], four["gender"], strict=True))
    lines = [
        f"{session}, {cell}: {found[session, cell]} utterances, {count} in the release"
        for session, counts in SESSIONS.items()
        for cell, count in counts.items()
        if found[session, cell] != count
    ]
    codes = Counter(table["raw_label"])
    lines += [
        f"code {code}: {codes[code]} utterances, {CODES.get(code, 0)} in the release"
        for code in {**CODES, **codes}
        if codes[code] != CODES.get(code, 0)
    ]
    if lines:
        lines += without_label(_root(dataset), "Session[1-5]/sentences/wav/*/*.wav", set(table["utterance"]))
    return lines


def _root(dataset: Dataset) -> Path:
    # Some archives unpack to IEMOCAP_full_release/IEMOCAP_full_release.
    return locate(dataset.root, "Session[1-5]/dialog/EmoEvaluation", depth=2, what="IEMOCAP")
