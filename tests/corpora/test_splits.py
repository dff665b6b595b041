"""Rows of an evaluation split, all or a limited number."""

from itertools import pairwise

import pandas as pd
import pytest

from cuealign.corpora.splits import select_split

SPLITS = {"test": ["test"]}


@pytest.fixture
def manifest():
    table = pd.DataFrame({"utterance": [f"u{number:02d}" for number in range(40)], "split": ["test", "dev"] * 20})
    return table.assign(label=["angry"] * 30 + ["sad"] * 10)


def chosen(manifest, limit):
    return select_split(manifest, SPLITS, "test", limit=limit)["utterance"].tolist()


def test_a_split_may_have_several_values_and_share_them_with_others(manifest):
    splits = {"part": ["dev"], "whole": ["test", "dev"]}
    assert select_split(manifest, splits, "part")["utterance"].tolist() == [f"u{number:02d}" for number in range(1, 40, 2)]
    assert len(select_split(manifest, splits, "whole")) == 40


def test_rows_keep_their_order_and_are_numbered_anew(manifest):
    for limit in (None, 7):
        found = select_split(manifest, SPLITS, "test", limit=limit)
        assert found["utterance"].is_monotonic_increasing
        assert found.index.tolist() == list(range(len(found)))


def test_a_limit_takes_all_classes_in_turn(manifest):
    labels = manifest.set_index("utterance")["label"]
    for limit, sad in ((2, 1), (4, 2), (10, 5), (14, 5)):
        assert labels[chosen(manifest, limit)].value_counts().to_dict() == {"angry": limit - sad, "sad": sad}


def test_a_higher_limit_adds_rows_and_keeps_those_of_a_lower_one(manifest):
    found = [chosen(manifest, limit) for limit in (1, 4, 8, 19, 20, 99)]
    assert [len(rows) for rows in found] == [1, 4, 8, 19, 20, 20]
    assert all(set(fewer) <= set(more) for fewer, more in pairwise(found))


def test_a_limit_does_not_take_the_first_rows_only(manifest):
    assert chosen(manifest, 6) != sorted(chosen(manifest, 99))[:6]


def test_a_new_utterance_displaces_at_most_one_of_its_class(manifest):
    before = set(chosen(manifest, 8))
    more = pd.concat([manifest, pd.DataFrame([{"utterance": "new", "split": "test", "label": "angry"}])], ignore_index=True)
    assert len(before - set(chosen(more, 8))) <= 1


def test_a_removed_utterance_changes_no_other_choice(manifest):
    first, *others = chosen(manifest, 4)
    assert set(others) <= set(chosen(manifest[manifest["utterance"] != first], 4))
