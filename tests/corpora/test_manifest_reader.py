"""The reader of manifests: one table, or tables by split."""

import logging
import shutil
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from cuealign.core.errors import ConfigError, InputError
from cuealign.corpora.readers import manifest
from tests.support.config import changed
from tests.support.corpora import build_corpus, describe, put, save


@pytest.fixture
def tables(corpus, dataset, tmp_path):
    """Saves a table per split and gives the entry of the dataset that names them."""
    folder, table = corpus

    def run(change=lambda part, _split: part, **changes):
        files = {
            split: save(change(table[table["split"] == split].drop(columns="split"), split), tmp_path / f"{split}.csv")
            for split in ("train", "test")
        }
        return changed(dataset, root=str(folder), manifest=files, **changes)

    return run


def test_tables_by_split_are_the_same_as_one_table(tables, corpus, dataset):
    folder, _ = corpus
    one = describe(changed(dataset, manifest=str(folder / "manifest.csv")))
    pd.testing.assert_frame_equal(describe(tables()).drop(columns="origin"), one.drop(columns="origin"))


def test_sources_are_all_tables(tables, tmp_path):
    entry = tables()
    assert manifest.sources(entry) == [f"{tmp_path}/train.csv", f"{tmp_path}/test.csv"]
    listed = changed(entry, manifest={"train": [f"{tmp_path}/train.csv", f"{tmp_path}/more.csv"]})
    assert manifest.sources(listed) == [f"{tmp_path}/train.csv", f"{tmp_path}/more.csv"]


def test_files_are_relative_to_the_table_where_no_root_is_given(corpus, dataset):
    folder, table = corpus
    found = describe(changed(dataset, manifest=str(folder / "manifest.csv")))
    assert found["file"].tolist() == [str(folder / name) for name in table["file"]]


def test_a_column_split_of_a_table_that_stands_for_one_is_ignored_and_logged(tables, caplog):
    with caplog.at_level(logging.WARNING):
        found = describe(tables(lambda part, split: part.assign(split="other" if split == "train" else split)))
    assert found["split"].value_counts().to_dict() == {"train": 6, "test": 6}
    assert [message for message in caplog.messages if "column split" in message] == [caplog.messages[0]]
    assert caplog.messages[0].endswith(
        "train.csv: its column split is ignored, because the config assigns the whole table to the split 'train'"
    )


def test_a_split_that_is_given_twice_is_refused(tables):
    with pytest.raises(ConfigError, match=r"columns\.split: remove it, as manifest already gives the split of each table"):
        describe(tables(columns={"split": "speaker"}))


def test_ids_must_be_given_by_all_tables_or_none(tables):
    def numbered(part, split):
        return part.assign(utterance=[f"u{row}" for row in part.index]) if split == "train" else part

    with pytest.raises(InputError, match=r"test\.csv: has no column utterance, but other tables of the dataset have one"):
        describe(tables(numbered))


def test_an_id_that_is_empty_is_named_with_its_line(tables):
    def numbered(part, _split):
        return part.assign(utterance=["", *(f"u{row}" for row in part.index[1:])])

    with pytest.raises(InputError, match=r"train\.csv: 1 problem\n.*line 2: utterance is empty"):
        describe(tables(numbered))


@pytest.mark.parametrize(("there", "named"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_file_whose_name_has_another_unicode_form_on_the_disk_is_found(corpus, dataset, tmp_path, there, named):
    folder, table = corpus
    shutil.copytree(folder, tmp_path / "copy")
    file = Path(table["file"][0])
    (tmp_path / "copy" / file).rename(tmp_path / "copy" / file.with_name(unicodedata.normalize(there, "fröhlich.wav")))
    table = put(0, "file", str(file.with_name(unicodedata.normalize(named, "fröhlich.wav"))))(table.copy())
    built, _ = build_corpus(changed(dataset, root=str(tmp_path / "copy"), manifest=save(table, tmp_path / "m.csv")))
    assert len(built) == 12
    assert sum(Path(path).name == unicodedata.normalize(there, "fröhlich.wav") for path in built["file"]) == 1
