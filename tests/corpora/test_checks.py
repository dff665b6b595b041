"""A wrong description of a corpus is named with its row; the config can allow what is intended."""

import logging

import pytest

from cuealign.core.errors import InputError
from tests.support.corpora import put

WRONG = {
    "unknown label": (put(2, "label", "bored"), r"line 4: unknown label 'bored'"),
    "utterance twice": (
        lambda table: table.assign(utterance=["a", "a", *map(str, range(10))]),
        r"line 3: utterance 'a' occurs more than once",
    ),
    "speaker in two splits": (put(1, "split", "test"), r"speaker '00' occurs in several splits \(train, test\)"),
    "speaker with two genders": (put(1, "gender", "male"), r"speaker '00' has several genders"),
    "empty split": (lambda table: table[table["split"] == "train"], r"split 'test' is empty: no row has split 'test' \(found: train\)"),
    "class missing in a split": (
        lambda table: table[(table["split"] == "train") | (table["label"] != "sad")],
        r"split 'test' has no utterance of class 'sad'",
    ),
    "speaker missing": (put(5, "speaker", ""), "line 7: speaker is empty"),
    "wrong gender": (put(5, "gender", "x"), "line 7: gender is 'x', not female, male or unknown"),
    "start not a number": (lambda table: put(3, "start", "soon")(table.assign(start="")), "line 5: start is 'soon', not a number"),
    "segment outside of the file": (lambda table: put(3, "end", "99")(table.assign(end="")), "segment ends at 99.0 s, but the file lasts"),
    "segment empty": (
        lambda table: put(3, "start", "0.2")(put(3, "end", "0.1")(table.assign(start="", end=""))),
        r"segment 0\.2 s to 0\.1 s is empty",
    ),
    "white space around a speaker": (put(5, "speaker", "01 "), "line 7: speaker '01 ' begins or ends with white space"),
    "infinite start": (lambda table: put(3, "start", "inf")(table.assign(start="")), "line 5: start is 'inf', not a number"),
    "no rows": (lambda table: table[:0], "no rows"),
    "column missing": (lambda table: table.drop(columns="speaker"), r"column 'speaker' is missing \(found: file"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_table_is_named_with_its_row(build, fault):
    change, message = WRONG[fault]
    with pytest.raises(InputError, match=message):
        build(change)


def test_shared_speakers_and_missing_classes_can_be_allowed(build):
    built = build(put(1, "split", "test"), speaker_disjoint=False)
    assert (built["split"] == "test").sum() == 7
    built = build(lambda table: table[(table["split"] == "train") | (table["label"] != "sad")], all_classes=False)
    assert len(built) == 10


def test_labels_that_are_left_out_are_logged(build, caplog):
    with caplog.at_level(logging.WARNING):
        built = build(put(2, "label", "xxx"), label_map={"xxx": None})
    assert len(built) == 11
    assert "1 utterance left out, as label_map says: 1 labelled 'xxx'" in caplog.text


def test_unknown_gender_is_refused_if_tokens_need_it(build):
    with pytest.raises(InputError, match=r"line 4: gender is unknown, but tokens\.gender_specific needs it"):
        build(lambda table: table.assign(gender=["unknown"] * 3 + list(table["gender"])[3:]), tokens={"gender_specific": ["PITCH"]})
