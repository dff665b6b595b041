"""Readers of released corpora: exactly the published utterances, labels, speakers, genders and splits, or an error."""

import logging
import shutil
from pathlib import Path

import pytest

from cuealign.config.entries.dataset import Dataset
from cuealign.config.loading import load
from cuealign.core.errors import ConfigError, InputError
from cuealign.corpora.readers import READERS
from tests.support import releases
from tests.support.config import changed, merge, shipped
from tests.support.corpora import build_corpus, describe


def entry_of(name: str, root, **changes) -> Dataset:
    """Entry of a dataset that ships with the project, with a root."""
    return load(merge(shipped(), {"datasets": {name: {"root": str(root), **changes}}})).datasets[name]


@pytest.fixture(scope="module")
def iemocap_plan():
    return releases.iemocap_plan()


@pytest.fixture(scope="module")
def iemocap(iemocap_plan, tmp_path_factory):
    return releases.iemocap(tmp_path_factory.mktemp("iemocap"), iemocap_plan)


@pytest.fixture(scope="module")
def aibo_plan():
    return releases.aibo_plan()


@pytest.fixture(scope="module")
def aibo(aibo_plan, tmp_path_factory):
    return releases.aibo(tmp_path_factory.mktemp("aibo"), aibo_plan)


@pytest.fixture
def edit():
    """Change a file for the length of a test."""
    kept = {}

    def change(path, new):
        kept.setdefault(path, path.read_bytes())
        content = new(kept[path])
        # Not in place: the wavs of a tree are links to one file.
        path.unlink()
        if content is not None:
            path.write_bytes(content)

    yield change
    for path, content in kept.items():
        path.unlink(missing_ok=True)
        path.write_bytes(content)


# ---------------------------------------------------------------- IEMOCAP


def test_iemocap_has_the_published_counts_per_session_class_and_gender(iemocap):
    table = describe(entry_of("iemocap", iemocap))
    assert len(table) == 10_039
    used = table[table["label"].notna()]
    assert len(used) == 5_531
    cells = used.groupby(["split", "label"]).size().unstack()
    assert cells.loc["session1"].to_dict() == {"angry": 229, "happy": 278, "neutral": 384, "sad": 194}
    assert cells.sum().to_dict() == {"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084}
    assert used.groupby("split").size().tolist() == [1085, 1023, 1151, 1031, 1241]
    assert used.groupby(["split", "gender"]).size().tolist() == [528, 557, 481, 542, 522, 629, 528, 503, 590, 651]
    assert table["raw_label"].value_counts().to_dict() == {
        **{"xxx": 2507, "fru": 1849, "neu": 1708, "ang": 1103, "sad": 1084, "exc": 1041, "hap": 595},
        **{"sur": 107, "fea": 40, "oth": 3, "dis": 2},
    }


def test_every_speaker_and_gender_of_iemocap_is_right(iemocap, iemocap_plan):
    table = describe(entry_of("iemocap", iemocap)).set_index("utterance")
    plan = iemocap_plan.set_index("utterance").loc[table.index]
    assert (table["speaker"] == plan["speaker"]).all()
    assert (table["gender"] == plan["gender"].map({"F": "female", "M": "male"})).all()
    assert (table["raw_label"] == plan["code"]).all()
    assert (table["split"] == "session" + plan["session"].astype(str)).all()
    assert table["speaker"].nunique() == 10
    prefix = plan["dialog"].str[5]
    assert (prefix != plan["gender"]).sum() > 4_000  # the prefix would be wrong
    assert all(Path(file).exists() for file in table["file"])
    assert any("Ses03M_impro05a_" in utterance for utterance in table.index)


def test_a_nested_release_is_found(iemocap_plan, tmp_path):
    root = releases.iemocap(tmp_path, iemocap_plan, nested=True)
    for start in (root, root / "IEMOCAP_full_release", root / "IEMOCAP_full_release/IEMOCAP_full_release"):
        assert len(describe(entry_of("iemocap", start))) == 10_039


def test_two_releases_under_one_root_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "Session1/dialog/EmoEvaluation").mkdir(parents=True)
    with pytest.raises(InputError, match=r"IEMOCAP is here more than once: .*/a, .*/b; set root to one of them"):
        describe(entry_of("iemocap", tmp_path))


def test_a_root_without_the_corpus_is_named(tmp_path):
    with pytest.raises(InputError, match=r"IEMOCAP is not here: no Session\[1-5\]/dialog/EmoEvaluation"):
        describe(entry_of("iemocap", tmp_path))
    with pytest.raises(InputError, match=r"nowhere: there is no such folder \(the root of IEMOCAP\)"):
        describe(entry_of("iemocap", tmp_path / "nowhere"))


def label_line(iemocap, plan, code):
    """A label file, the line in it of one utterance with a code, and that utterance."""
    row = plan[plan["code"] == code].iloc[40]
    path = iemocap / f"Session{row.session}/dialog/EmoEvaluation/{row.dialog}.txt"
    lines = path.read_text().split("\n")
    (index,) = [number for number, line in enumerate(lines) if f"\t{row.utterance}\t" in line]
    return path, index, row


def replaced(index, new):
    """Change one line of a file, or take it out."""

    def change(content):
        lines = content.decode().split("\n")
        line = new(lines[index])
        return "\n".join([*lines[:index], *([] if line is None else [line]), *lines[index + 1 :]]).encode()

    return change


def test_a_missing_label_line_is_named(iemocap, iemocap_plan, edit):
    path, index, row = label_line(iemocap, iemocap_plan, "ang")
    edit(path, replaced(index, lambda _line: None))
    with pytest.raises(InputError) as error:
        describe(entry_of("iemocap", iemocap))
    found = releases.FOUR[row.session][0]
    assert f"session{row.session}, ang: {found - 1} utterances, {found} in the release" in str(error.value)
    assert "code ang: 1102 utterances, 1103 in the release" in str(error.value)
    assert f"Session{row.session}/sentences/wav/{row.dialog}/{row.utterance}.wav: there is no label line for this file" in str(error.value)
    assert "._" not in str(error.value)


def test_a_missing_label_line_outside_of_the_four_classes_is_named(iemocap, iemocap_plan, edit):
    path, index, row = label_line(iemocap, iemocap_plan, "fru")
    edit(path, replaced(index, lambda _line: None))
    with pytest.raises(InputError, match=r"2 problems\n.*code fru: 1848 utterances, 1849") as error:
        describe(entry_of("iemocap", iemocap))
    assert row.utterance in str(error.value)


FAULTS = {
    "unknown code": (lambda line: line.replace("\tang\t", "\tangr\t"), r"line {line}: unknown label 'angr'"),
    "truncated line": (lambda line: line[: line.index("\tang")], r"line {line}: not a label line: "),
    "truncated id": (lambda line: line.replace(line.split("\t")[1], line.split("\t")[1][:-2]), r"line {line}: not a label line: "),
    "values lost": (lambda line: line[: line.index("[", 5)], r"line {line}: not a label line: "),
    "other dialog": (lambda line: line.replace("\tSes0", "\tSes1", 1), r"line {line}: not a label line: "),
    "other session": (
        lambda line: line.replace(line.split("\t")[1][:5], "Ses09", 1),
        r"line {line}: Ses09\w+ does not belong to this dialog",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_label_line_is_named(iemocap, iemocap_plan, edit, fault):
    new, message = FAULTS[fault]
    path, index, _ = label_line(iemocap, iemocap_plan, "ang")
    edit(path, replaced(index, new))
    with pytest.raises(InputError, match=message.format(line=index + 1)) as error:
        describe(entry_of("iemocap", iemocap))
    assert str(path) in str(error.value)
    assert ": 1 problem\n" in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"\xef\xbb\xbf" + content, "begins with a byte order mark"),
        (lambda content: content.replace(b"\n", b"\r\n"), "lines end with CR LF"),
    ],
    ids=["BOM", "CRLF"],
)
def test_a_byte_order_mark_and_cr_lf_are_ignored_and_logged(iemocap, iemocap_plan, edit, caplog, change, message):
    path, _, _ = label_line(iemocap, iemocap_plan, "sad")
    before = describe(entry_of("iemocap", iemocap))
    edit(path, change)
    with caplog.at_level(logging.WARNING):
        after = describe(entry_of("iemocap", iemocap))
    assert after.equals(before)
    assert next(record.message for record in caplog.records if str(path) in record.message).startswith(f"{path}: {message}")


def test_a_label_file_that_is_no_text_is_named(iemocap, iemocap_plan, edit):
    path, _, _ = label_line(iemocap, iemocap_plan, "sad")
    edit(path, lambda content: b"\xff\xfe" + content)
    with pytest.raises(InputError, match="cannot be read as text"):
        describe(entry_of("iemocap", iemocap))


def test_a_missing_wav_is_named_with_its_label_line(iemocap, iemocap_plan, edit):
    path, index, row = label_line(iemocap, iemocap_plan, "hap")
    edit(iemocap / f"Session{row.session}/sentences/wav/{row.dialog}/{row.utterance}.wav", lambda _content: None)
    with pytest.raises(InputError, match=": 1 problem\n") as error:
        build_corpus(entry_of("iemocap", iemocap), workers=2)
    assert f"{path}, line {index + 1}: " in str(error.value)
    assert f"{row.utterance}.wav: no such file" in str(error.value)


def test_a_partial_copy_is_accepted_if_the_config_says_so(iemocap_plan, tmp_path, caplog):
    part = iemocap_plan[iemocap_plan["session"].isin([4, 5])].groupby(["session", "code", "gender"]).head(2)
    root = releases.iemocap(tmp_path, part, own_audio=True)
    splits = {"train": ["session4"], "session5": ["session5"]}
    entry = changed(entry_of("iemocap", root, partial=True), splits=splits)
    with caplog.at_level(logging.WARNING):
        built, counts = build_corpus(entry)
    assert built.groupby("split").size().to_dict() == {"session4": 4 * 2 * 2 + 4, "session5": 4 * 2 * 2 + 4}
    assert "session1, ang: 0 utterances, 229 in the release" in counts["not_as_published"]
    assert "a partial copy, differs from the release in 41 counts: session1, ang: 0 utterances, 229 in the release; " in caplog.text
    assert str(tmp_path) not in str(counts)
    with pytest.raises(InputError, match=r"not the published ones \(datasets\.c\.partial: true accepts a partial copy\): \d\d problems"):
        build_corpus(changed(entry, partial=False))


def test_other_classes_and_protocols_are_config(iemocap):
    six = {
        "labels": ["angry", "happy", "neutral", "sad", "excited", "frustrated"],
        "label_map": {"exc": "excited", "fru": "frustrated"},
        "splits": {"fold1": ["session1"], "rest": ["session2", "session3", "session4", "session5"]},
    }
    answers = {"excited": {"word": "excited"}, "frustrated": {"word": "frustrated"}, "happy": {"synonyms": ["joyful"]}}
    values = merge(shipped(), {"datasets": {"iemocap": {"root": str(iemocap), **six}}, "answers": answers})
    values["datasets"]["iemocap"]["splits"] = six["splits"]
    used = describe(load(values).datasets["iemocap"]).dropna(subset="label")
    assert used["label"].value_counts().to_dict() == {
        **{"frustrated": 1849, "neutral": 1708, "angry": 1103, "sad": 1084, "excited": 1041, "happy": 595}
    }


def test_recordings_and_label_files_of_iemocap_in_capitals_are_found(iemocap_plan, tmp_path):
    part = iemocap_plan[iemocap_plan["session"] == 5].groupby(["code", "gender"]).head(2)
    entry = changed(entry_of("iemocap", releases.iemocap(tmp_path, part, own_audio=True), partial=True), splits=["session5"])
    before, _ = build_corpus(entry)
    for path in [*tmp_path.rglob("*.wav"), *tmp_path.rglob("EmoEvaluation/*.txt")]:
        path.rename(path.with_suffix(path.suffix.upper()))
    after, _ = build_corpus(entry)
    assert after.drop(columns="file").equals(before.drop(columns="file"))
    assert all(file.endswith(".WAV") for file in after["file"])


def test_a_recording_of_iemocap_in_two_sessions_is_refused(iemocap_plan, tmp_path):
    part = iemocap_plan[iemocap_plan["session"].isin([4, 5])].groupby(["session", "code", "gender"]).head(2)
    root = releases.iemocap(tmp_path, part, own_audio=True)
    entry = changed(entry_of("iemocap", root, partial=True), splits={"train": ["session4"], "session5": ["session5"]})
    one, two = (sorted(root.glob(f"Session{session}/sentences/wav/*/*_M*.wav")) for session in (4, 5))
    used = set(describe(entry).dropna(subset="label")["file"])
    one, two = (next(path for path in paths if str(path) in used) for paths in (one, two))
    shutil.copy(one, two)
    with pytest.raises(
        InputError, match=r"sound that several splits share .*: 1 problem\n.*the same sound: .*\(session4\) and .*\(session5\)"
    ):
        build_corpus(entry)


@pytest.mark.parametrize("digits", ["１", "٣", "१"])
def test_digits_of_other_scripts_name_no_speaker(iemocap, iemocap_plan, edit, digits):
    path, index, row = label_line(iemocap, iemocap_plan, "ang")
    edit(path, replaced(index, lambda line: line.replace(row.utterance, row.utterance[:-1] + digits)))
    with pytest.raises(InputError, match=rf"line {index + 1}: not a label line"):
        describe(entry_of("iemocap", iemocap))


# ---------------------------------------------------------------- FAU-Aibo


def test_recordings_of_aibo_in_capitals_are_found(aibo, aibo_plan, edit):
    name = aibo_plan["utterance"][77]
    path = aibo / "wav" / f"{name}.wav"
    content = path.read_bytes()
    edit(path, lambda _content: None)
    path.with_suffix(".WAV").write_bytes(content)
    try:
        table = describe(entry_of("aibo", aibo)).set_index("utterance")
    finally:
        path.with_suffix(".WAV").unlink()
    assert table.loc[name, "file"].endswith(f"{name}.WAV")
    assert sum(file.endswith(".WAV") for file in table["file"]) == 1


def test_aibo_has_the_published_counts_and_splits(aibo, aibo_plan):
    table = describe(entry_of("aibo", aibo))
    assert len(table) == 9_959 + 8_257
    cells = table.groupby(["split", "raw_label"]).size().unstack()
    assert cells.loc["test"].tolist() == list(releases.MONT)
    assert (cells.loc["train"] + cells.loc["dev"]).tolist() == list(releases.OHM)
    assert table.groupby("split").size().to_dict() == {"dev": 891, "test": 8_257, "train": 9_068}
    assert set(table["speaker"][table["split"] == "dev"]) == {"Ohm_31", "Ohm_32"}
    plan = aibo_plan.set_index("utterance").loc[table["utterance"]]
    assert table["speaker"].tolist() == plan["speaker"].tolist()
    assert {"Ohm_01", "Mont_01"} < set(table["speaker"])
    assert set(table["gender"]) == {"unknown"}
    assert all(Path(file).exists() for file in table["file"])
    assert table["label"].value_counts().to_dict()["emphatic"] == 2093 + 1508


@pytest.mark.parametrize("place", [".", "labels", "labels/IS2009EmotionChallenge/IS2009EmotionChallenge", "IS2009EmotionChallenge"])
def test_label_file_of_aibo_is_found_in_all_known_places(aibo_plan, tmp_path, place):
    assert len(describe(entry_of("aibo", releases.aibo(tmp_path, aibo_plan, labels=place)))) == 18_216


def test_other_development_speakers_are_config(aibo):
    table = describe(entry_of("aibo", aibo, options={"dev_speakers": ["Ohm_01"]}))
    assert set(table["speaker"][table["split"] == "dev"]) == {"Ohm_01"}
    with pytest.raises(InputError, match=r"options\.dev_speakers: there is no speaker 'Ohm_04'"):
        describe(entry_of("aibo", aibo, options={"dev_speakers": ["Ohm_04"]}))
    with pytest.raises(InputError, match=r"options\.dev_speakers: there is no speaker 'Mont_05' in the school Ohm"):
        describe(entry_of("aibo", aibo, options={"dev_speakers": ["Ohm_31", "Mont_05"]}))
    with pytest.raises(ConfigError, match=r"datasets\.d\.options\.dev: unknown key, did you mean 'dev_speakers'\?; known: dev_speakers"):
        READERS.options("aibo", {"dev": ["Ohm_04"]}, "datasets.d.options")


AIBO_FAULTS = {
    "lost line": (lambda _line: None, r"class E: 209[23] chunks, 2093|class [AENPR]: \d+ chunks, \d+ in the challenge"),
    "unknown class": (lambda line: line.replace(f" {line.split()[1]} ", " X "), r"line 101: unknown label 'X'"),
    "two-class label": (lambda line: line.replace(f" {line.split()[1]} ", " NEG "), r"line 101: unknown label 'NEG'"),
    "truncated line": (lambda line: line.rsplit(" ", 1)[0], r"line 101: not a label line"),
    "truncated id": (lambda line: line.replace("_", "", 1), r"line 101: not a label line"),
}


@pytest.mark.parametrize("fault", AIBO_FAULTS)
def test_a_faulty_line_of_aibo_is_named(aibo, edit, fault):
    new, message = AIBO_FAULTS[fault]
    path = aibo / "labels/IS2009EmotionChallenge/chunk_labels_5cl_corpus.txt"
    lost = path.read_text().split("\n")[100].split(" ")[0]
    edit(path, replaced(100, new))
    with pytest.raises(InputError, match=message) as error:
        describe(entry_of("aibo", aibo))
    if fault == "lost line":
        assert f"{lost}.wav: there is no label line for this file" in str(error.value)
        assert ": 2 problems\n" in str(error.value)
    else:
        assert ": 1 problem\n" in str(error.value)


def test_bom_and_crlf_in_aibo_are_ignored_and_logged(aibo, edit, caplog):
    path = aibo / "labels/IS2009EmotionChallenge/chunk_labels_5cl_corpus.txt"
    before = describe(entry_of("aibo", aibo))
    edit(path, lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    with caplog.at_level(logging.WARNING):
        assert describe(entry_of("aibo", aibo)).equals(before)
    assert "byte order mark" in caplog.text
    assert "CR LF" in caplog.text


def test_a_missing_wav_of_aibo_is_named(aibo, aibo_plan, edit):
    lost = aibo_plan["utterance"][77]
    edit(aibo / "wav" / f"{lost}.wav", lambda _content: None)
    with pytest.raises(InputError, match=": 1 problem\n") as error:
        build_corpus(entry_of("aibo", aibo), workers=2)
    assert f"chunk_labels_5cl_corpus.txt, line 78: {aibo}/wav/{lost}.wav: no such file" in str(error.value)


def test_a_file_in_place_of_the_recordings_of_aibo_is_named(aibo_plan, tmp_path):
    root = releases.aibo(tmp_path, aibo_plan[:3])
    shutil.rmtree(root / "wav")
    (root / "wav").write_text("")
    with pytest.raises(InputError, match=r"wav: is not a folder"):
        describe(entry_of("aibo", root, options={"dev_speakers": []}))
