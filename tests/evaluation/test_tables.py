"""Tables on disk."""

import pandas as pd
import pytest

from cuealign.core.errors import InputError
from cuealign.core.schema import MANIFEST, NO_TOKENS, RESPONSES, TOKEN_SEQUENCES, read_tokens, tokens_kind
from cuealign.core.vocabulary import CONCEPTS


def test_writing_what_was_read_gives_the_same_bytes(manifest, condition, responses, tmp_path):
    for kind, table in ((MANIFEST, manifest), (TOKEN_SEQUENCES, condition), (RESPONSES, responses)):
        kind.write(table, tmp_path / "one.parquet")
        kind.write(kind.read(tmp_path / "one.parquet"), tmp_path / "two.parquet")
        assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_tokens_of_a_condition_with_cue_blocks_are_read(condition, tmp_path):
    TOKEN_SEQUENCES.write(condition, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_tokens(tmp_path / "t.parquet"), condition, check_dtype=False)


FAULTS = {
    "missing column": (lambda t: t.drop(columns="speaker"), "column 'speaker' is missing"),
    "extra column": (lambda t: t.assign(mood=1), "column 'mood' does not belong here"),
    "missing value": (lambda t: t.assign(label=[None, *t["label"][1:]]), r"column 'label' has missing values, first in rows \[0\]"),
    "wrong value": (lambda t: t.assign(gender="F"), "row 0: gender is 'F', not one of female, male, unknown"),
    "key twice": (lambda t: t.assign(utterance="u"), "u occurs more than once"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_table_is_refused_when_written(manifest, tmp_path, fault):
    change, message = FAULTS[fault]
    with pytest.raises(InputError, match=message):
        MANIFEST.write(change(manifest), tmp_path / "m.parquet")
    assert not (tmp_path / "m.parquet").exists()


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "m.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"m\.parquet: cannot be read as Parquet"):
        MANIFEST.read(tmp_path / "m.parquet")


def test_tokens_of_the_audio_only_condition_are_read(condition, tmp_path):
    empty = condition.assign(**dict.fromkeys([*CONCEPTS, "cue_block"], ""))
    assert tokens_kind(empty) is NO_TOKENS
    NO_TOKENS.write(empty, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_tokens(tmp_path / "t.parquet"), empty, check_dtype=False)
