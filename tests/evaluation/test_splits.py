"""Selection of the utterances of an evaluation split."""

from itertools import pairwise

import pandas as pd

from cuealign.corpora.splits import select_split


def test_splits_may_overlap(manifest):
    splits = {"part": ["y"], "whole": ["x", "y", "z"]}
    assert list(select_split(manifest, splits, "part")["utterance"]) == ["u2", "u3"]
    assert len(select_split(manifest, splits, "whole")) == 5


def test_a_limit_takes_all_classes_in_turn_and_more_with_a_greater_one():
    from cuealign.corpora.splits import select_split

    manifest = pd.DataFrame({"utterance": [f"u{number:02d}" for number in range(40)], "split": ["test", "dev"] * 20})
    manifest["label"] = ["angry"] * 30 + ["sad"] * 10
    splits = {"test": ["test"]}
    chosen = [select_split(manifest, splits, "test", limit=limit)["utterance"].tolist() for limit in (4, 8, 19, 20, 99)]
    for fewer, more in pairwise(chosen):
        assert set(fewer) <= set(more)
        assert more == sorted(more)
    assert [len(names) for names in chosen] == [4, 8, 19, 20, 20]
    labels = manifest.set_index("utterance")["label"]
    assert labels[chosen[0]].value_counts().to_dict() == {"angry": 2, "sad": 2}
    assert labels[chosen[2]].value_counts()["sad"] == 5
    without = manifest[manifest["utterance"] != chosen[0][0]]
    assert set(chosen[0][1:]) <= set(select_split(without, splits, "test", limit=4)["utterance"])
