"""Folders laid out like released corpora, with all that readers have stumbled over before. Their content is made up."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from tests.support.sound import tone, write

APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "


def add_companions(folder: Path) -> None:
    """Add the ``._`` files that some archives put beside every file and folder."""
    for path in list(folder.rglob("*")):
        if not path.name.startswith("._"):
            path.with_name(f"._{path.name}").write_bytes(APPLE_DOUBLE)


class Audio:
    """Writes audio to paths: links to one file, or a different sound for each path."""

    def __init__(self, folder: Path, *, own: bool) -> None:
        self.own, self.count = own, 0
        self.one = write(folder / "one.wav", tone(0.2))

    def __call__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.own:
            os.link(self.one, path)
            return
        self.count += 1
        random = np.random.default_rng(self.count)
        loudness, pitch = random.uniform(0.2, 2), random.uniform(90, 400)
        write(path, loudness * tone(random.uniform(0.35, 0.6), pitch=pitch, seed=self.count))


# ---------------------------------------------------------------- IEMOCAP


CODES = {"xxx": 2507, "fru": 1849, "sur": 107, "fea": 40, "oth": 3, "dis": 2}
FOUR = {  # ang, hap + exc, neu, sad; all of these by women
    1: (229, 278, 384, 194, 528),
    2: (137, 327, 362, 197, 481),
    3: (240, 286, 320, 305, 522),
    4: (327, 303, 258, 143, 528),
    5: (170, 442, 384, 245, 590),
}
EXCITED = {1: 143, 2: 210, 3: 151, 4: 238, 5: 299}  # only their sum is published
DIALOGS = ("impro01", "impro02", "impro03", "impro04", "script01_1", "script01_2", "script02_1", "script03_2")
ODD = {3: ("Ses03M_impro05a", "Ses03M_impro08b"), 5: ("Ses05M_script01_1b",)}


def iemocap_plan() -> pd.DataFrame:
    """The utterances of the whole release: utterance, session, dialog, code, gender, speaker."""
    random = np.random.default_rng(7)
    rows = []
    for session, (angry, happy, neutral, sad, women) in FOUR.items():
        four = ["ang"] * angry + ["exc"] * EXCITED[session] + ["hap"] * (happy - EXCITED[session]) + ["neu"] * neutral + ["sad"] * sad
        genders = random.permutation(["F"] * women + ["M"] * (len(four) - women))
        others = [code for code, count in CODES.items() for _ in range(count // 5 + (session <= count % 5))]
        spoken = [*zip(four, genders, strict=True), *((code, "FM"[number % 2]) for number, code in enumerate(others))]
        dialogs = [f"Ses0{session}{prefix}_{name}" for prefix in "FM" for name in DIALOGS] + list(ODD.get(session, ()))
        numbers: Counter[str] = Counter()
        for code, gender in spoken:
            dialog = dialogs[int(random.integers(len(dialogs)))]  # its prefix tells who wears the markers
            rows.append((f"{dialog}_{gender}{numbers[dialog]:03d}", session, dialog, code, gender))
            numbers[dialog] += 1
    table = pd.DataFrame(rows, columns=["utterance", "session", "dialog", "code", "gender"])
    assert table["utterance"].is_unique
    return table.assign(speaker=[f"Ses0{row.session}{row.gender}" for row in table.itertuples()])


def iemocap(folder: Path, plan: pd.DataFrame, *, nested: bool = False, own_audio: bool = False) -> Path:
    """Write a release; returns the root for the config."""
    root = folder / "IEMOCAP_full_release" / "IEMOCAP_full_release" if nested else folder
    audio = Audio(folder / "aside", own=own_audio)
    outliers = set(plan["utterance"][:4])
    for (session, dialog), rows in plan.groupby(["session", "dialog"]):
        base = root / f"Session{session}"
        lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        for number, row in enumerate(rows.itertuples()):
            valence = 5.5 if row.utterance in outliers else 2.5  # beyond the scale, as in the release
            audio(base / "sentences/wav" / dialog / f"{row.utterance}.wav")
            lines.append(f"[{number}.2901 - {number + 1}.2357]\t{row.utterance}\t{row.code}\t[{valence:.4f}, 2.5000, 2.5000]")
            lines += ["C-E2:\tNeutral;\t()", "C-F1:\tAnger; Other;\t(annoyed)", "A-E3:\tval 4; act 3; dom  1;\t()", ""]
        labels = base / "dialog/EmoEvaluation"
        for rater in ("Attribute", "Categorical", "Self-evaluation"):
            (labels / rater).mkdir(parents=True, exist_ok=True)
            (labels / rater / f"{dialog}_e2_cat.txt").write_text(f"{dialog}_F000 :Neutral state; ()\n")
        (labels / f"{dialog}.txt").write_text("\n".join(lines))
        (base / "dialog/transcriptions").mkdir(exist_ok=True)
        (base / "dialog/transcriptions" / f"{dialog}.txt").write_text(f"{dialog}_F000 [000.2901-001.2357]: Words.\n")
    for session in set(plan["session"]):
        add_companions(root / f"Session{session}/dialog")
        for dialog in (root / f"Session{session}/sentences/wav").iterdir():
            (dialog / f"._{dialog.name}_F000.wav").write_bytes(APPLE_DOUBLE)
            (dialog.parent / f"._{dialog.name}").write_bytes(APPLE_DOUBLE)
    shutil.rmtree(folder / "aside")
    return folder


# ---------------------------------------------------------------- FAU-Aibo


OHM, MONT = (881, 2093, 5590, 674, 721), (611, 1508, 5377, 215, 546)


def aibo_plan() -> pd.DataFrame:
    """The chunks of both schools: utterance, speaker, code; 891 of the development speakers."""
    random = np.random.default_rng(8)
    children = [f"Ohm_{number:02d}" for number in range(1, 33) if number not in (4, 7, 9, 15, 17, 26)]
    rows = []
    for school, counts in {"Ohm": OHM, "Mont": MONT}.items():
        codes = random.permutation(np.repeat(list("AENPR"), counts))
        if school == "Ohm":
            speakers = np.repeat(children[-2:], (445, 446)).tolist()
            speakers += [children[number % 24] for number in range(len(codes) - 891)]
        else:
            speakers = [f"Mont_{1 + number % 25:02d}" for number in range(len(codes))]
            # A child who never speaks in class P.
            swap = [index for index, code in enumerate(codes) if code == "P" and speakers[index] == "Mont_03"]
            for index in swap:
                speakers[index] = "Mont_04"
        numbers: dict[str, int] = {}
        for speaker, code in zip(speakers, codes, strict=True):
            number = numbers[speaker] = numbers.get(speaker, -1) + 1
            rows.append((f"{speaker}_{number // 30:03d}_{number % 30:02d}", speaker, str(code)))
    table = pd.DataFrame(rows, columns=["utterance", "speaker", "code"])
    assert table["utterance"].is_unique
    return table


def aibo(folder: Path, plan: pd.DataFrame, *, labels: str = "labels/IS2009EmotionChallenge", own_audio: bool = False) -> Path:
    """Write a release; ``labels`` is the folder of the label files."""
    audio = Audio(folder / "aside", own=own_audio)
    for utterance in plan["utterance"]:
        audio(folder / "wav" / f"{utterance}.wav")
    place = folder / labels
    place.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(9)
    write_labels(place / "chunk_labels_5cl_corpus.txt", zip(plan["utterance"], plan["code"], strict=True), random)
    two = ["NEG" if code in "AE" else "IDL" for code in plan["code"]]
    write_labels(place / "chunk_labels_2cl_corpus.txt", zip(plan["utterance"], two, strict=True), random)
    add_companions(place)
    (folder / "wav/._Ohm_01_000_00.wav").write_bytes(APPLE_DOUBLE)
    shutil.rmtree(folder / "aside")
    return folder


def write_labels(path: Path, rows: Iterable[tuple[str, str]], random: np.random.Generator) -> None:
    confidence = ("1", "0.8", "0.666667")
    path.write_text("".join(f"{utterance} {code} {confidence[random.integers(3)]}\n" for utterance, code in rows))
