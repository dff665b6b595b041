"""Sound that several splits share is named with both rows, and refused where speakers may not be shared either."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.errors import InputError
from cuealign.corpora import leaks
from tests.support.corpora import put
from tests.support.sound import tone, write


def segments(rows):
    """A table of segments: (file, start, end, split)."""
    table = pd.DataFrame(rows, columns=["file", "start", "end", "split"])
    return table.assign(origin=[f"line {index}" for index in range(len(rows))], audio_sha256=[str(index) for index in range(len(rows))])


def test_a_segment_within_one_of_another_split_is_named_with_both_rows():
    found = leaks.overlaps(segments([("a", 0, 0.4, "train"), ("a", 0.4, 0.8, "train"), ("a", 0, 0.35, "test"), ("b", 0, 0.35, "test")]))
    assert [str(each) for each in found] == ["a: 0 to 0.35 s (test) lies within 0 to 0.4 s (train); line 2 and line 0"]
    (other,) = leaks.overlaps(segments([("a", 0, 0.4, "train"), ("a", 0.2, 0.8, "test")]))
    assert str(other) == "a: 0 to 0.4 s (train) overlaps 0.2 to 0.8 s (test); line 0 and line 1"


def test_neighbours_with_rounded_times_and_segments_of_one_split_do_not_overlap():
    rows = [("a", 0, 0.41, "train"), ("a", 0.4, 0.8, "test"), ("a", 0.5, 0.7, "test")]
    assert leaks.overlaps(segments(rows)) == []


def test_a_link_to_a_file_is_the_same_file(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.5))
    (tmp_path / "b.wav").symlink_to(path)
    found = leaks.overlaps(segments([(str(path), 0, 0.5, "train"), (str(tmp_path / "b.wav"), 0.1, 0.3, "test")]))
    assert len(found) == 1


times = st.integers(0, 30)


@given(st.lists(st.tuples(st.sampled_from("ab"), times, times, st.sampled_from(["train", "dev", "test"])), max_size=12))
def test_all_pairs_are_found(rows):
    """Against every pair, one by one."""
    table = segments([(file, start / 10, (start + length + 1) / 10, split) for file, start, length, split in rows])
    expected = set()
    for one in table.itertuples():
        for two in table.itertuples():
            shared = min(one.end, two.end) - max(one.start, two.start)
            if one.Index < two.Index and one.file == two.file and one.split != two.split and shared > leaks.TOLERANCE:
                expected.add(frozenset((one.origin, two.origin)))
    assert {frozenset((each.origin, each.other_origin)) for each in leaks.overlaps(table)} == expected


def dialogue(tmp_path):
    path = write(tmp_path / "dialogue.wav", tone(2.0))

    def change(table):
        table = table.assign(start="", end="").astype(object)
        for row, (start, end) in {0: (0.2, 1.0), 11: (0.3, 0.9)}.items():
            table.loc[row, ["file", "start", "end"]] = [str(path), start, end]
        return table

    return change


def test_overlapping_segments_are_refused_where_speakers_are_disjoint(build, tmp_path):
    with pytest.raises(InputError, match=r"sound that several splits share .*speaker_disjoint: false") as error:
        build(dialogue(tmp_path))
    assert "0.3 to 0.9 s (test) lies within 0.2 to 1 s (train)" in str(error.value)
    assert "manifest.csv, line 13" in str(error.value)
    assert "manifest.csv, line 2" in str(error.value)


def test_overlapping_segments_are_logged_and_counted_where_splits_may_share_speakers(build, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        build(dialogue(tmp_path), speaker_disjoint=False)
    assert "0.3 to 0.9 s (test) lies within 0.2 to 1 s (train)" in caplog.text
    assert build.counts["overlaps"] == 1


def test_the_same_sound_in_two_splits_is_refused_with_both_rows(build):
    with pytest.raises(InputError, match=r"the same sound: .*manifest\.csv, line 2 \(train\) and .*manifest\.csv, line 13 \(test\)"):
        build(lambda table: put(11, "file", "s0_angry.wav")(table.assign(utterance=[f"u{row}" for row in range(12)])))


def test_silence_in_two_splits_is_no_leak(build, tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.wav", np.zeros(1600))
    build(lambda table: put(11, "file", str(tmp_path / "a.wav"))(put(0, "file", str(tmp_path / "b.wav"))(table)))
    assert build.counts["same_sound"][0]["splits"] == ["test", "train"]
