"""The reader of audformat databases, on databases that the audformat package itself writes."""

import pickle

import audformat
import numpy as np
import pandas as pd
import pytest

from cuealign.config.entries.dataset import Dataset
from cuealign.core import audio
from cuealign.core.errors import ConfigError, InputError
from cuealign.corpora.readers import READERS
from tests.support.config import changed
from tests.support.corpora import build_corpus
from tests.support.sound import tone, write

SPEAKERS = {"s1": "female", "s2": "male", "s3": "female", "s4": "male"}
EMOTIONS = ("anger", "happiness", "sadness")


def database(root, *, segmented: bool = False, gender: str = "gender", speakers: str = "misc", save: str = "csv") -> audformat.Database:
    """Three emotions of four speakers, two of whom test; as whole files, or as segments of one file per speaker."""
    db = audformat.Database("demo")
    db.schemes["emotion"] = audformat.Scheme(labels=[*EMOTIONS, "no agreement"])
    if speakers == "misc":
        index = pd.Index(list(SPEAKERS), dtype="string", name="speaker")
        db["speaker"] = audformat.MiscTable(index)
        db.schemes[gender] = audformat.Scheme(labels=["female", "male"])
        db["speaker"][gender] = audformat.Column(scheme_id=gender)
        db["speaker"][gender].set(list(SPEAKERS.values()))
        db.schemes["speaker"] = audformat.Scheme("str", labels="speaker")
    else:
        db.schemes["speaker"] = audformat.Scheme(labels={name: {gender: value} for name, value in SPEAKERS.items()})
    rows = []
    for number, speaker in enumerate(SPEAKERS):
        sounds = [tone(0.3 + 0.1 * place, pitch=150 + 20 * number, seed=10 * number + place) for place in range(3)]
        start = 0.0
        if segmented:
            write(root / f"wav/{speaker}.wav", np.concatenate(sounds))
        for place, emotion in enumerate(EMOTIONS):
            file = f"wav/{speaker}.wav" if segmented else f"wav/{speaker}_{emotion}.wav"
            if not segmented:
                write(root / file, sounds[place])
            end = pd.NaT if place == 2 else pd.to_timedelta(start + 0.3 + 0.1 * place, unit="s")
            begin = pd.NaT if place == 0 else pd.to_timedelta(start, unit="s")
            rows.append((file, begin, end, speaker, emotion, "train" if number < 2 else "test"))
            start += 0.3 + 0.1 * place
    table = pd.DataFrame(rows, columns=["file", "start", "end", "speaker", "emotion", "split"])
    for split in ("train", "test"):
        part = table[table["split"] == split]
        index = audformat.segmented_index(part["file"], part["start"], part["end"]) if segmented else audformat.filewise_index(part["file"])
        db[f"emotion.{split}"] = audformat.Table(index)
        db[f"emotion.{split}"]["emotion"] = audformat.Column(scheme_id="emotion")
        db[f"emotion.{split}"]["emotion"].set(part["emotion"].tolist())
    files = table.drop_duplicates("file")
    db["files"] = audformat.Table(audformat.filewise_index(files["file"]))
    db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["files"]["speaker"].set(files["speaker"].tolist())
    db.save(str(root), storage_format=save)
    return db


def entry_of(root, **changes) -> Dataset:
    values = {
        "title": "t",
        "licence": "l",
        "reader": "audformat",
        "root": str(root),
        "labels": ["angry", "happy", "sad"],
        "label_map": {"anger": "angry", "happiness": "happy", "sadness": "sad", "no agreement": None},
        "splits": {"train": ["emotion.train"], "test": ["emotion.test"]},
        "options": {"tables": ["emotion.train", "emotion.test"], "language": "deu"},
        "tokens": {"gender_specific": ["PITCH"]},
    } | changes
    return Dataset.model_validate(values)


@pytest.mark.parametrize("save", ["csv", "parquet"])
@pytest.mark.parametrize("speakers", ["misc", "mapping"])
def test_whole_files_are_utterances(tmp_path, save, speakers):
    database(tmp_path, save=save, speakers=speakers)
    built, _ = build_corpus(entry_of(tmp_path))
    assert len(built) == 12
    row = built.set_index("utterance").loc["wav/s3_happiness"]
    assert (row.speaker, row.gender, row.label, row.split, row.language) == ("s3", "female", "happy", "emotion.test", "deu")
    assert (row.start, row.duration) == (0.0, 0.4)
    assert row.file == str(tmp_path / "wav/s3_happiness.wav")
    assert dict(zip(built["speaker"], built["gender"], strict=True)) == SPEAKERS


def test_segments_of_files_are_utterances(tmp_path):
    database(tmp_path, segmented=True)
    built, _ = build_corpus(entry_of(tmp_path))
    assert sorted(built["utterance"])[:3] == ["wav/s1[0,0.3]", "wav/s1[0.3,0.7]", "wav/s1[0.7,]"]
    np.testing.assert_allclose(sorted(set(built["duration"].round(6))), [0.3, 0.4, 0.5])
    database(tmp_path / "whole")
    whole, _ = build_corpus(entry_of(tmp_path / "whole"))
    assert set(built["audio_sha256"]) == set(whole["audio_sha256"])
    assert (
        built.groupby("audio_sha256")[["speaker", "gender", "label"]]
        .first()
        .equals(whole.groupby("audio_sha256")[["speaker", "gender", "label"]].first())
    )


def test_rows_agree_with_those_that_the_package_reads(tmp_path):
    db = database(tmp_path, segmented=True)
    built, _ = build_corpus(entry_of(tmp_path))
    expected = db.get("emotion", additional_schemes=["speaker"]).reset_index()
    assert len(expected) == len(built)
    for row in expected.itertuples():
        start = 0.0 if pd.isna(row.start) else row.start.total_seconds()
        found = built[(built["file"] == str(tmp_path / row.file)) & np.isclose(built["start"], start)]
        assert found["label"].item() == {"anger": "angry", "happiness": "happy", "sadness": "sad"}[row.emotion]
        assert found["speaker"].item() == row.file[4:6]


def test_gender_may_have_another_name(tmp_path):
    database(tmp_path, gender="sex")
    built, _ = build_corpus(entry_of(tmp_path, options={"tables": ["emotion.train", "emotion.test"], "gender": "sex"}))
    assert dict(zip(built["speaker"], built["gender"], strict=True)) == SPEAKERS
    with pytest.raises(InputError, match=r"neither table 'emotion\.train' nor table 'files' has a column 'gender'"):
        build_corpus(entry_of(tmp_path))


def test_the_column_of_the_speaker_may_be_the_split(tmp_path):
    database(tmp_path)
    options = {"tables": ["emotion.train", "emotion.test"], "split": "speaker"}
    built, _ = build_corpus(entry_of(tmp_path, options=options, splits={"train": ["s1", "s2", "s3"], "test": ["s4"]}))
    assert built.groupby("split").size().to_dict() == dict.fromkeys(SPEAKERS, 3)


def test_a_missing_label_is_named_with_its_row(tmp_path):
    db = database(tmp_path)
    db["emotion.test"]["emotion"].set([None], index=db["emotion.test"].index[:1])
    db.save(str(tmp_path), storage_format="csv")
    with pytest.raises(InputError, match=r"db\.emotion\.test\.csv, line 2: unknown label ''"):
        build_corpus(entry_of(tmp_path))


def test_a_missing_speaker_is_named_with_its_row(tmp_path):
    db = database(tmp_path)
    db["files"]["speaker"].set([None], index=db["files"].index[:1])
    db.save(str(tmp_path), storage_format="csv")
    with pytest.raises(InputError, match=r"db\.emotion\.train\.csv, line 2: there is no speaker for wav/s1_anger\.wav"):
        build_corpus(entry_of(tmp_path))


class Exploit:
    def __reduce__(self):
        return (open, (Exploit.path, "w"))


def test_pickled_copies_are_never_opened(tmp_path):
    database(tmp_path)
    Exploit.path = str(tmp_path / "ran")
    (tmp_path / "db.emotion.train.pkl").write_bytes(pickle.dumps(Exploit()))
    assert len(build_corpus(entry_of(tmp_path))[0]) == 12
    (tmp_path / "db.emotion.train.csv").unlink()
    with pytest.raises(InputError, match=r"table 'emotion\.train' has no file .* \(there is a pickled copy, but it is not opened"):
        build_corpus(entry_of(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_a_header_that_would_run_code_is_refused(tmp_path):
    database(tmp_path)
    header = tmp_path / "db.yaml"
    header.write_text(header.read_text() + f"\nauthor: !!python/object/apply:builtins.open ['{tmp_path}/ran', 'w']\n")
    with pytest.raises(InputError, match=r"db\.yaml: cannot be read as the header"):
        build_corpus(entry_of(tmp_path))
    assert not (tmp_path / "ran").exists()


MISTAKES = {
    "unknown table": (
        {"tables": ["emotion"]},
        r"db\.yaml: 1 problem\n.*no table 'emotion' \(found: emotion\.test, emotion\.train, files\)",
    ),
    "unknown column": ({"tables": ["emotion.test"], "column": "valence"}, "nor table 'files' has a column 'valence'"),
    "unknown speaker table": ({"tables": ["emotion.test"], "speaker_table": "f"}, "there is no table 'f'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_options_that_name_nothing_in_the_database_are_refused(tmp_path, mistake):
    options, message = MISTAKES[mistake]
    database(tmp_path)
    with pytest.raises(InputError, match=message):
        build_corpus(entry_of(tmp_path, options=options))


def test_options_need_tables_and_take_no_unknown_key():
    with pytest.raises(ConfigError, match=r"^datasets\.d\.options\.tables: is missing$"):
        READERS.options("audformat", {}, "datasets.d.options")
    with pytest.raises(ConfigError, match=r"^datasets\.d\.options\.colum: unknown key, did you mean 'column'\?; known: "):
        READERS.options("audformat", {"tables": ["emotion.test"], "colum": "x"}, "datasets.d.options")
    with pytest.raises(ConfigError, match=r"^datasets\.d\.options\.tables: "):
        READERS.options("audformat", {"tables": []}, "datasets.d.options")


def test_sources_are_the_header_and_all_tables_that_are_read(tmp_path):
    database(tmp_path)
    entry = entry_of(tmp_path)
    found = READERS.module("audformat").sources(entry)
    assert [path.removeprefix(f"{tmp_path}/") for path in found] == [
        *("db.yaml", "db.emotion.train.csv", "db.emotion.test.csv", "db.files.csv", "db.speaker.csv")
    ]


def test_audio_of_the_database_is_used_unchanged(tmp_path):
    database(tmp_path)
    built, _ = build_corpus(entry_of(tmp_path))
    row = built.iloc[0]
    assert row.audio_sha256 == audio.fingerprint(*audio.read_native(row.file))


def test_speakers_without_a_scheme_keep_their_zeros(tmp_path):
    """The package reads 01 as the number 1."""
    database(tmp_path)
    path = tmp_path / "db.files.csv"
    path.write_text(path.read_text().replace(",s1", ",01").replace(",s2", ",1"))
    header = (tmp_path / "db.yaml").read_text()
    (tmp_path / "db.yaml").write_text(header.replace("speaker: {scheme_id: speaker}", "speaker: {}"))
    options = {"tables": ["emotion.train", "emotion.test"], "gender": None}
    built, _ = build_corpus(changed(entry_of(tmp_path, options=options), tokens={}))
    assert sorted(set(built["speaker"])) == ["01", "1", "s3", "s4"]


def test_a_label_that_the_scheme_does_not_list_is_named_and_not_read_as_missing(tmp_path):
    database(tmp_path)
    path = tmp_path / "db.emotion.test.csv"
    path.write_text(path.read_text().replace(",anger", ",boredom", 1))
    with pytest.raises(InputError, match="unknown label 'boredom'"):
        build_corpus(entry_of(tmp_path))


@pytest.mark.parametrize("content", ["", "[]", "a text", "tables: 7", "tables: {a: 3}", "schemes: {s: {labels: 3}}\ntables: {}"])
def test_a_file_that_is_not_a_header_is_named(tmp_path, content):
    database(tmp_path)
    (tmp_path / "db.yaml").write_text(content)
    with pytest.raises(InputError, match=r"db\.yaml: (is not a header|1 problem|2 problems)"):
        build_corpus(entry_of(tmp_path))


def test_a_file_with_two_speakers_is_named(tmp_path):
    database(tmp_path)
    path = tmp_path / "db.files.csv"
    path.write_text(path.read_text() + "wav/s1_anger.wav,s2\n")
    with pytest.raises(InputError, match=r"db\.files\.csv, line 14: speaker of wav/s1_anger\.wav is 's2', but 's1' in an earlier line"):
        build_corpus(entry_of(tmp_path))


def test_a_table_without_the_column_file_is_named(tmp_path):
    database(tmp_path)
    path = tmp_path / "db.emotion.test.csv"
    path.write_text(path.read_text().replace("file,", "path,", 1))
    with pytest.raises(InputError, match=r"db\.emotion\.test\.csv: has no column 'file' \(found: path, emotion\)"):
        build_corpus(entry_of(tmp_path))
