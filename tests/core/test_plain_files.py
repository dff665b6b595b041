"""A damaged CSV or JSON file is named with what to do; a whole one keeps every value."""

import os
from pathlib import Path

import pytest

from cuealign.core.errors import InputError
from cuealign.core.plain_files import NUMBER, read_csv, read_json, write_whole

WAY_ON = "delete it and run the workflow again"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"\0\0\0", b"[" * 100_000, b"[1]", b"null", b"3", b'{"b": 1}'], ids=repr)
def test_a_damaged_json_file_is_named_with_what_to_do(tmp_path, content):
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=rf"^{file}: .*; {WAY_ON}$"):
        read_json(file, {"a": NUMBER})


@pytest.mark.parametrize("value", ["null", '"1"', "[]", "{}"])
def test_a_number_in_json_is_a_number(tmp_path, value):
    file = tmp_path / "x.json"
    file.write_text(f'{{"a": {value}}}')
    with pytest.raises(InputError, match=rf"^{file}: a is .*, which the workflow does not write; {WAY_ON}$"):
        read_json(file, {"a": NUMBER})


@pytest.mark.parametrize("content", [b"", b"\xff,b\n1,2\n", b"\0" * 50, b"a,b\n1,2,3,4\n5\n", b'a,b\n"1,2\n', b"a\n1\n"], ids=repr)
def test_a_damaged_csv_file_is_named_with_what_to_do(tmp_path, content):
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=rf"(?s)^{file}.*; {WAY_ON}$"):
        read_csv(file, columns=("a", "b"))


def test_text_where_a_number_belongs_is_named_with_its_line(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("name,value\na,1\nb,\nc,many\n")
    with pytest.raises(InputError, match=rf"^{file}, line 4: value is 'many', not a number; {WAY_ON}$"):
        read_csv(file, columns=("name", "value"), text=("name",))


def test_text_is_text_where_nobody_knows_which_columns_hold_numbers(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("kind,value\nfew,1\n")
    assert read_csv(file, columns=("kind", "value"), numbers=False)["kind"].tolist() == ["few"]
    with pytest.raises(InputError, match="has no column 'unit'"):
        read_csv(file, columns=("unit",), numbers=False)


def test_only_an_empty_cell_is_missing(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("name,value\nNA,1\nnull,\n")
    table = read_csv(file, columns=("name", "value"), text=("name",))
    assert table["name"].tolist() == ["NA", "null"]
    assert table["value"].isna().tolist() == [False, True]


def test_a_file_is_whole_or_as_before(tmp_path, monkeypatch):
    file = tmp_path / "folder/x.json"
    write_whole("1", file)

    def fails(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        write_whole("2", file)
    assert file.read_text() == "1"
    assert os.listdir(file.parent) == ["x.json"]  # noqa: PTH208
