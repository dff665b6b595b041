"""``split: speaker``: splits of a corpus without a split column."""

import logging

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cuealign.core.errors import InputError
from cuealign.corpora.drawn_splits import draw_speakers
from tests.support.config import changed
from tests.support.corpora import build_corpus, save

READERS = ("manifest csv", "manifest parquet", "filenames")


def without_split(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="split")


@pytest.mark.parametrize("reader", READERS)
def test_a_corpus_without_a_split_column_is_split_by_speaker(corpus, dataset, tmp_path, reader):
    folder, table = corpus
    if reader == "filenames":
        columns = {"speaker": {"column": "file", "pattern": r"^s(\d)"}, "label": {"column": "file", "pattern": r"_(\w+)\."}}
        entry = changed(dataset, reader="filenames", root=str(folder), columns=columns, split="speaker")
    else:
        manifest = save(without_split(table), tmp_path / f"mine.{reader.split()[1]}")
        entry = changed(dataset, manifest=manifest, root=str(folder), split="speaker")
    built, counts = build_corpus(entry)
    assert len(built) == 12
    assert set(built["split"]) == {"train", "test"}
    assert (built.groupby("speaker")["split"].nunique() == 1).all()
    assert built.groupby("split")["speaker"].nunique().to_dict() == {"test": 2, "train": 2}
    speakers = {split: sorted(set(rows)) for split, rows in built.groupby("split")["speaker"]}
    assert counts["drawn"] == {"by": "speaker", "test": 0.5, "seed": 0, "speakers": speakers}
    assert counts["unused_splits"] == {}


def test_share_and_seed_decide_who_is_tested(build):
    found = {}
    for seed in range(12):
        built = build(without_split, split={"test": 0.3, "seed": seed})
        found[seed] = set(built["speaker"][built["split"] == "test"])
        assert found[seed] == draw_speakers(["00", "01", "02", "03"], share=0.3, seed=seed)
    assert set(map(len, found.values())) == {1}
    assert set.union(*found.values()) == {"00", "01", "02", "03"}


def test_an_utterance_more_and_a_label_less_move_nobody(build):
    def splits(built):
        return built.drop_duplicates("speaker").set_index("speaker")["split"].to_dict()

    whole = splits(build(without_split, split="speaker"))
    assert splits(build(lambda table: without_split(table).drop(index=[0, 4]), split="speaker", all_classes=False)) == whole
    assert splits(build(without_split, split="speaker", labels=["angry", "happy"], label_map={"sad": None})) == whole


def test_those_who_are_left_out_for_want_of_a_name_take_no_place(build):
    def unnamed(table):
        return without_split(table).assign(speaker=table["speaker"].replace("03", "unknown"))

    built = build(unnamed, split={"test": 0.3}, unnamed_speakers="exclude", all_classes=False)
    assert set(built["speaker"][built["split"] == "test"]) == draw_speakers(["00", "01", "02"], share=0.3, seed=0)


def test_a_split_column_that_is_there_is_ignored_and_the_log_says_so(build, caplog):
    with caplog.at_level(logging.WARNING):
        built = build(split="speaker")
    assert "its column split is ignored, because the config draws the splits (split: speaker)" in caplog.text
    pd.testing.assert_frame_equal(built, build(without_split, split="speaker"))


def test_a_table_with_splits_counts_no_draw(build):
    build()
    assert build.counts["drawn"] == {}


def test_one_speaker_cannot_be_split(build):
    with pytest.raises(InputError, match=r"^dataset c: split: speaker needs two named speakers or more, but there is 1$"):
        build(lambda table: without_split(table).assign(speaker="one", gender="female"), split="speaker")


def test_a_drawn_split_without_a_class_says_to_draw_again(build):
    with pytest.raises(InputError, match=r"has no utterance of class 'sad'; draw with another split\.seed, or to allow this, set"):
        build(lambda table: without_split(table)[(table["label"] != "sad") | (table["speaker"] == "00")], split="speaker")


WRONG = {
    "another way": ({"split": "session"}, "split.by"),
    "share of nobody": ({"split": {"test": 0}}, "split.test"),
    "share of all": ({"split": {"test": 1}}, "split.test"),
    "a column too": ({"split": "speaker", "columns": {"split": "fold"}}, "columns.split: remove it, as split draws the splits"),
    "tables by split too": ({"split": "speaker", "manifest": {"train": "a.csv", "test": "b.csv"}}, "manifest: gives tables by split"),
    "a value that is not drawn": ({"split": "speaker", "splits": ["train", "dev"]}, "splits.dev: 'dev' is not drawn; known: train, test"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_named(dataset, mistake):
    changes, message = WRONG[mistake]
    with pytest.raises(ValidationError, match=message):
        changed(dataset, **changes)


SPEAKERS = st.sets(st.text(min_size=1, max_size=6), min_size=2, max_size=40)
SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True)
SEEDS = st.integers(0, 2**32)


@given(SPEAKERS, SHARES, SEEDS, st.randoms(use_true_random=False))
def test_how_many_utterances_a_speaker_has_and_their_order_move_nobody(speakers, share, seed, random):
    rows = [speaker for speaker in sorted(speakers) for _ in range(random.randint(1, 4))]
    random.shuffle(rows)
    assert draw_speakers(rows, share=share, seed=seed) == draw_speakers(sorted(speakers), share=share, seed=seed)


@given(SPEAKERS, SHARES, SEEDS)
def test_the_drawn_share_is_right_to_half_a_speaker_and_no_split_is_empty(speakers, share, seed):
    drawn = draw_speakers(speakers, share=share, seed=seed)
    assert drawn < speakers
    assert len(drawn) >= 1
    assert abs(len(drawn) - share * len(speakers)) <= 0.5 or len(drawn) in (1, len(speakers) - 1)


@given(SPEAKERS, SHARES, SEEDS, st.text(min_size=7, max_size=8))
def test_a_new_speaker_moves_at_most_one_other(speakers, share, seed, new):
    before, after = (draw_speakers(names, share=share, seed=seed) for names in (speakers, speakers | {new}))
    assert len((before ^ after) - {new}) <= 1


def test_every_speaker_is_drawn_as_often_as_another_over_seeds():
    """Of 2000 draws, the standard deviation of a speaker's count is 22."""
    names = [f"s{number}" for number in range(8)]
    counts = pd.Series([speaker for seed in range(2000) for speaker in draw_speakers(names, share=0.5, seed=seed)]).value_counts()
    assert counts.reindex(names).between(1000 - 110, 1000 + 110).all()
