"""Columns of any table become the rows of a manifest, by the config alone."""

import numpy as np
import pandas as pd
import pytest

from cuealign.config.entries.dataset import Column
from cuealign.core.errors import InputError
from cuealign.corpora.columns import pick
from tests.support.config import changed
from tests.support.corpora import build_corpus, put, save
from tests.support.sound import tone, write


def test_label_map_and_names_of_columns_are_taken_from_the_config(build):
    def change(table):
        return table.rename(columns={"label": "emotion"}).replace({"emotion": {"sad": "sadness"}}).assign(label="other meaning")

    built = build(change, columns={"label": "emotion"}, label_map={"sadness": "sad"})
    assert set(built["label"]) == {"angry", "happy", "sad"}


def test_a_column_named_in_the_config_must_exist(build):
    with pytest.raises(InputError, match="column 'emotion' is named in the config but missing"):
        build(columns={"label": "emotion"})


def test_leading_zeros_of_speakers_are_kept(build):
    assert sorted(set(build()["speaker"])) == ["00", "01", "02", "03"]


def test_tables_of_nkululeko_are_read_by_config_alone(corpus, dataset, tmp_path):
    """They are in audformat: segments as times, the label in the column emotion, the split in the name of the file."""
    folder, table = corpus
    segments = table.rename(columns={"label": "emotion"}).assign(start="0 days 00:00:00.100000", end="0 days 00:00:00.250000")
    segments.loc[3:, ["start", "end"]] = ["0 days", "NaT"]
    path = save(segments[["file", "start", "end", "speaker", "gender", "emotion", "split"]], tmp_path / "nkululeko.csv")
    built, _ = build_corpus(changed(dataset, root=str(folder), manifest=path, columns={"label": "emotion"}))
    part = built[built["file"].isin([str(folder / name) for name in table["file"][:3]])]
    assert part["start"].tolist() == [0.1] * 3
    np.testing.assert_allclose(part["duration"], 0.15)
    assert (built["start"] == 0).sum() == 9


def test_tables_of_emobox_are_read_by_config_alone(corpus, dataset, tmp_path):
    """One file per split; speaker and gender only in the key; the path in the column wav."""
    folder, table = corpus
    for split in ("train", "test"):
        part = table[table["split"] == split]
        key = [
            f"Ses{speaker}F_impro_{gender[0].upper()}{row:03d}"
            for row, (speaker, gender) in enumerate(zip(part["speaker"], part["gender"], strict=True))
        ]
        rows = pd.DataFrame({"key": key, "dataset": "x", "wav": part["file"], "sample_rate": 16000, "length": 0.3, "emo": part["label"]})
        save(rows, tmp_path / f"{split}.jsonl")
    columns = {
        "utterance": "key",
        "file": "wav",
        "label": "emo",
        "speaker": {"column": "key", "pattern": r"^(Ses\d\d).*_([FM])\d+$"},
        "gender": {"column": "key", "pattern": r"[FM](?=\d+$)"},
        "language": {"value": "eng"},
    }
    files = {"train": str(tmp_path / "train.jsonl"), "test": [str(tmp_path / "test.jsonl")]}
    built, _ = build_corpus(changed(dataset, root=str(folder), manifest=files, columns=columns))
    assert sorted(set(built["speaker"])) == ["Ses00F", "Ses01M", "Ses02F", "Ses03M"]
    assert built.groupby("speaker")["gender"].first().tolist() == ["female", "male", "female", "male"]
    assert built.groupby("split").size().to_dict() == {"test": 6, "train": 6}
    assert set(built["language"]) == {"eng"}


def test_a_value_that_a_pattern_does_not_match_is_named(build):
    column = {"column": "file", "pattern": r"^s([0-2])_"}
    with pytest.raises(InputError, match=r"line 11: file 's3_angry\.wav' does not match the pattern of speaker"):
        build(columns={"speaker": column})


def test_splits_may_be_speakers(build):
    """Any protocol by speakers is config: the column of the speaker is the split."""
    built = build(
        lambda table: table.drop(columns="split"), columns={"split": "speaker"}, splits={"train": ["00", "01", "02"], "test": ["03"]}
    )
    assert set(built["split"]) == {"00", "01", "02", "03"}


def test_a_map_translates_values_and_must_cover_all(build):
    column = {"column": "gender", "map": {1: "male", 0: "female"}}
    numbered = build(lambda table: table.replace({"gender": {"male": 1, "female": 0}}), columns={"gender": column})
    pd.testing.assert_frame_equal(numbered, build())
    with pytest.raises(InputError, match=r"line 6: gender '2' is not in the map of gender \(1, 0\)"):
        build(lambda table: put(4, "gender", 2)(table.replace({"gender": {"male": 1, "female": 0}})), columns={"gender": column})


@pytest.mark.parametrize("text", ["0,1", "1 5", "1-2", "1_0", "1e308", "NaN", "1 day 2", "5s", "99999999999 days"])
def test_text_that_is_no_time_is_refused(build, text):
    with pytest.raises(InputError, match=r"line 5: start is '.*', not a number"):
        build(lambda table: put(3, "start", text)(table.assign(start="")))


def test_ids_contain_no_path_of_the_machine(dataset, tmp_path, corpus):
    folder, table = corpus
    spread = table.assign(file=[str(folder / file) for file in table["file"]])
    spread.loc[0, "file"] = str(write(tmp_path / "home/jane/study/a.wav", tone(0.3, seed=99)))
    spread.loc[1, "file"] = f"../{folder.name}/s0_happy.wav"
    spread.to_csv(tmp_path / "m.csv", index=False)
    built, counts = build_corpus(changed(dataset, manifest=str(tmp_path / "m.csv"), root=str(folder)))
    assert {"study/a", f"{folder.name}/s0_happy", f"{folder.name}/s1_sad"} < set(built["utterance"])
    assert "jane" not in str(counts) + str(set(built["utterance"]))


@pytest.mark.parametrize("name", ["Gender", '"gender', " gender", "ｇｅｎｄｅｒ", "gender\u200b", "GENDER "])
def test_a_column_that_is_almost_named_like_an_optional_one_is_no_silent_default(tmp_path, name):
    found = pd.DataFrame({"file": ["a.wav"], "speaker": ["s"], "label": ["sad"], "split": ["test"], name: ["female"]})
    with pytest.raises(InputError, match=r"is not read as gender; rename it to gender, or say in columns\.gender which column has it"):
        pick(found, {}, path=tmp_path, word="line")
    assert pick(found, {"gender": Column(column=name)}, path=tmp_path, word="line")["gender"].item() == "female"
    assert pick(found, {"gender": Column(value="unknown")}, path=tmp_path, word="line")["gender"].item() == "unknown"


def test_a_pattern_that_does_not_end_is_named_with_the_row(build, monkeypatch):
    monkeypatch.setattr("cuealign.corpora.columns._LONGEST", 0.05)

    def change(table):
        table.loc[2, "speaker"] = "a" * 60 + "!"
        return table

    with pytest.raises(InputError, match=r"line 4: the pattern of speaker, '\(\[a0-9\]\+\)\+\$', finds no end on speaker 'aaa"):
        build(change, columns={"speaker": {"column": "speaker", "pattern": "([a0-9]+)+$"}})
