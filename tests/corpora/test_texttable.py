"""Tables of every format give the same text, and broken ones are named with their line."""

import csv
import datetime
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.errors import InputError
from cuealign.corpora import texttable
from tests.support.config import changed
from tests.support.corpora import FORMATS, build_corpus, describe, put, save


def test_a_byte_order_mark_is_ignored(tmp_path, corpus, dataset):
    folder, table = corpus
    table.to_csv(tmp_path / "bom.csv", index=False, encoding="utf-8-sig")
    entry = changed(dataset, manifest=str(tmp_path / "bom.csv"), root=str(folder))
    assert len(describe(entry)) == 12


def test_a_missing_table_is_named(dataset, tmp_path):
    with pytest.raises(InputError, match=r"nothing\.csv: cannot be read as CSV"):
        build_corpus(changed(dataset, manifest=str(tmp_path / "nothing.csv")))


def test_lines_are_counted_over_blank_ones(dataset, tmp_path, corpus):
    folder, table = corpus
    lines = table.to_csv(index=False).splitlines()
    lines[4:4] = ["", ""]
    lines[7] = lines[7].replace("happy", "bored", 2).replace("_bored", "_happy")
    (tmp_path / "blank.csv").write_text("\n".join(lines) + "\n\n")
    entry = changed(dataset, manifest=str(tmp_path / "blank.csv"), root=str(folder))
    with pytest.raises(InputError, match=r"line 8: unknown label 'bored'"):
        build_corpus(entry)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_manifest(corpus, dataset, tmp_path, kind):
    folder, table = corpus
    segments = table.assign(start=0.05, end=[None, 0.25] * 6)
    entry = changed(dataset, root=str(folder))
    built, _ = build_corpus(changed(entry, manifest=save(segments, tmp_path / f"m.{kind}")))
    expected, _ = build_corpus(changed(entry, manifest=save(segments, tmp_path / "expected.csv")))
    pd.testing.assert_frame_equal(built, expected)
    assert sorted(set(built["speaker"])) == ["00", "01", "02", "03"]
    assert set(built["start"]) == {0.05}


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_whole_numbers_are_read_as_written(corpus, dataset, tmp_path, kind):
    folder, table = corpus
    numbered = table.assign(speaker=table["speaker"].astype(int))
    built, _ = build_corpus(changed(dataset, root=str(folder), manifest=save(numbered, tmp_path / f"m.{kind}")))
    assert sorted(set(built["speaker"])) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("kind", "place"), [("csv", "line 7"), ("tsv", "line 7"), ("jsonl", "line 6"), ("parquet", "row 6")])
def test_rows_are_named_as_the_format_counts_them(corpus, dataset, tmp_path, kind, place):
    folder, table = corpus
    path = save(put(5, "speaker", "")(table.copy()), tmp_path / f"m.{kind}")
    with pytest.raises(InputError, match=f"{place}: speaker is empty"):
        build_corpus(changed(dataset, root=str(folder), manifest=path))


def test_a_broken_line_of_json_is_named(corpus, dataset, tmp_path):
    folder, table = corpus
    path = save(table, tmp_path / "m.jsonl")
    lines = (tmp_path / "m.jsonl").read_text().splitlines()
    lines[2], lines[4] = lines[2][:-5], "[1, 2]"
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"2 problems\n.*line 3: is not valid JSON.*\n.*line 5: is not a JSON object"):
        build_corpus(changed(dataset, root=str(folder), manifest=path))


def test_an_unknown_ending_is_refused(dataset, tmp_path):
    (tmp_path / "m.xlsx").write_text("")
    with pytest.raises(InputError, match=r"m\.xlsx: unknown ending '\.xlsx'; use one of \.csv, \.tsv, \.parquet, \.jsonl"):
        build_corpus(changed(dataset, manifest=str(tmp_path / "m.xlsx")))


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_an_unclosed_quote_is_named_and_swallows_no_rows(corpus, dataset, tmp_path, kind):
    folder, table = corpus
    separator = {"csv": ",", "tsv": "\t"}[kind]
    lines = table.assign(text="word").to_csv(index=False, sep=separator).splitlines()
    lines[3], lines[6] = lines[3].replace("word", '"Stop'), lines[6].replace("word", '"go')
    (tmp_path / f"m.{kind}").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=rf"m\.{kind}, line 4: a quoted field continues in the next line"):
        build_corpus(changed(dataset, manifest=str(tmp_path / f"m.{kind}"), root=str(folder)))


def test_columns_that_occur_twice_are_refused(corpus, dataset, tmp_path):
    folder, table = corpus
    text = table.assign(label2=table["label"]).to_csv(index=False).replace("label2", "label")
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(InputError, match="column 'label' occurs 2 times"):
        build_corpus(changed(dataset, manifest=str(tmp_path / "m.csv"), root=str(folder)))
    lines = [line.replace("{", '{"label": "sad", ', 1) for line in table.to_json(orient="records", lines=True).splitlines()]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match="line 1: is not valid JSON \\('label' occurs twice\\)"):
        build_corpus(changed(dataset, manifest=str(tmp_path / "m.jsonl"), root=str(folder)))


def test_a_whole_number_is_the_same_speaker_as_integer_and_as_float(corpus, dataset, tmp_path):
    folder, table = corpus
    numbers = table["speaker"].astype(int)
    save(table.assign(speaker=numbers.astype(float))[table["split"] == "train"], tmp_path / "train.parquet")
    save(table.assign(speaker=numbers % 2)[table["split"] == "test"], tmp_path / "test.parquet")
    files = {split: str(tmp_path / f"{split}.parquet") for split in ("train", "test")}
    with pytest.raises(InputError, match=r"speaker '0' occurs in several splits"):
        build_corpus(changed(dataset, manifest=files, root=str(folder)))


def test_text_in_json_may_contain_any_line_separator(corpus, dataset, tmp_path):
    folder, table = corpus
    rows = [json.dumps(row | {"text": "a\u2028b\u0085c"}, ensure_ascii=False) for row in table.to_dict("records")]
    (tmp_path / "m.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert len(build_corpus(changed(dataset, manifest=str(tmp_path / "m.jsonl"), root=str(folder)))[0]) == 12


def test_only_the_columns_that_are_needed_are_read_from_parquet(corpus, dataset, tmp_path):
    folder, table = corpus
    odd = table.assign(when=[datetime.datetime(9999, 1, 1)] * 12, audio=[{"bytes": b"\xff" * 100}] * 12)
    odd.to_parquet(tmp_path / "m.parquet", index=False)
    assert len(build_corpus(changed(dataset, manifest=str(tmp_path / "m.parquet"), root=str(folder)))[0]) == 12


def test_durations_bytes_and_categories_of_parquet_are_text(tmp_path):
    table = pd.DataFrame({"file": [b"a.wav", b"b.wav"], "start": pd.to_timedelta([1.5, None], unit="s"), "label": ["sad", None]})
    table.astype({"label": "category"}).to_parquet(tmp_path / "m.parquet")
    found, word = texttable.read(tmp_path / "m.parquet")
    assert word == "row"
    assert found.to_dict("list") == {"file": ["a.wav", "b.wav"], "start": ["1.5", ""], "label": ["sad", ""]}
    assert found.index.tolist() == [1, 2]


def test_true_false_lists_and_nothing_in_json_are_text(tmp_path):
    (tmp_path / "m.jsonl").write_text('{"a": true, "b": [1, "é"], "c": null, "d": 1.0}\n\n{"a": 0.5}\n', encoding="utf-8")
    found, word = texttable.read(tmp_path / "m.jsonl")
    assert word == "line"
    assert found.loc[1].to_dict() == {"a": "true", "b": '[1, "é"]', "c": "", "d": "1"}
    assert found.loc[3].to_dict() == {"a": "0.5", "b": "", "c": "", "d": ""}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.csv", b"file,label\n\xff,sad\n", "m.csv, line 2: is not UTF-8 text"),
        ("m.jsonl", b'{"a": 1}\n{"a": "\xe9"}\n', "m.jsonl, line 2: is not UTF-8 text"),
        ("m.csv", "file,label\na,sad\n".encode("utf-32"), "m.csv: is UTF-32 text; save it as UTF-8"),
        ("m.csv", "file,label\na,sad\n".encode("utf-16"), "m.csv: is UTF-16 text; save it as UTF-8"),
        ("m.jsonl", '{"a": 1}\n'.encode("utf-16-be"), "m.jsonl: contains zero bytes"),
        ("m.csv", b"PK\x03\x04rest", "m.csv: is an Excel workbook or another archive; save the sheet as CSV"),
        ("m.tsv", b"\x1f\x8b\x08rest", "m.tsv: is compressed by gzip; unpack it"),
        ("m.csv", b"version https://git-lfs.github.com/spec/v1\n", "m.csv: is a git-lfs pointer, not the file itself"),
        ("m.csv", b"\n<!DOCTYPE html>\n<html>", "m.csv: is a web page, not the file itself"),
        ("m.csv", b"sep=;\nfile;label\n", "m.csv, line 1: 'sep=;' is a note for Excel; delete the line"),
        ("m.csv", b"", "m.csv: is empty; its first line must name the columns"),
        ("m.csv", b'a,b\nx,"y"z\n', "m.csv, line 2: is not CSV"),
        ("m.csv", b"a,b\nx," + b"y" * 200_000 + b"\n", "m.csv, line 2: a field has more than 131,072 characters"),
        ("m.jsonl", b'{"a": "' + b"y" * 200_000 + b'"}\n', "line 1: 'a' has more than 131,072 characters"),
        ("m.json", b'[{"a": 1}, {"a": 2}]', "m.json: is one JSON document; write one object per line"),
        ("m.json", b'{\n "u1": {"a": 1}\n}', "m.json: is one JSON document; write one object per line"),
        ("m.json", b'{"u1": {"a": 1}, "u2": {"a": 1}}', "m.json: is one JSON document; write one object per line"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        texttable.read(tmp_path / name)
    assert message in str(error.value)
    assert len(str(error.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a,b\n1\n", ["line 2: 1 field, the header has 2"]),
        ("a,b\n1,2\n\n1,2,3\n4\n", ["line 4: 3 fields, the header has 2", "line 5: 1 field, the header has 2"]),
        ("a,b\n0,5,1,6\n", ["line 2: 4 fields, the header has 2"]),
        ('a,b,c\n"1,2,3\n4,5,6"\n', []),
    ],
)
def test_a_line_with_another_number_of_fields_is_an_error(tmp_path, text, problems):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(InputError) as error:
        texttable.read(tmp_path / "m.csv")
    assert [line[4:] for line in str(error.value).splitlines()[1:]] == [f"{line}; quote a field that contains ','" for line in problems]


def test_a_line_above_the_header_is_named(tmp_path):
    (tmp_path / "m.csv").write_text("\n# our corpus\nfile,speaker\na.wav,ann\n")
    with pytest.raises(
        InputError, match=r"m\.csv, line 2: the header has one column, '# our corpus', and every row has more; the line that names the"
    ):
        texttable.read(tmp_path / "m.csv")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1,2\n\n\n", 2),
        ("a,b,,\n1,2,,\n", 2),
        ("a,b\n1,2,,\n", 2),
        ("\na,b\n\n,,\n1,2", 5),
        ('a,b\r\n\r\n"1","2"\r\n', 3),
    ],
)
def test_blank_lines_and_empty_surplus_fields_do_not_count(tmp_path, text, line):
    (tmp_path / "m.csv").write_text(text, newline="")
    found, _ = texttable.read(tmp_path / "m.csv")
    assert found.to_dict("list") == {"a": ["1"], "b": ["2"]}
    assert found.index.tolist() == [line]


def _field_counts_differ(rows: list[list[str]]) -> bool:
    """Whether some row that is not blank has too few fields or a value behind the header's last one."""
    header, *others = rows
    return any(any(row) and (len(row) < len(header) or any(row[len(header) :])) for row in others)


@given(
    st.lists(st.lists(st.text("ab ,\"'", max_size=3), min_size=1, max_size=5), min_size=2, max_size=6).filter(
        lambda rows: any(rows[0]) and bool(rows[0][-1]) and len(set(rows[0])) == len(rows[0])
    )
)
def test_a_table_is_read_as_written_or_refused(tmp_path_factory, rows):
    """Whatever the csv module writes comes back, field by field, unless the counts of its fields differ."""
    path = tmp_path_factory.mktemp("table") / "m.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    if _field_counts_differ(rows):
        with pytest.raises(InputError, match="the header has"):
            texttable.read(path)
    else:
        found, _ = texttable.read(path)
        kept = [row[: len(rows[0])] for row in rows[1:] if any(row)]
        assert found.to_numpy().tolist() == kept
        assert found.columns.tolist() == rows[0]
