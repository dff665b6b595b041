"""A table that does not fit its schema is refused where it is made and where it is read; one that fits keeps every value."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cuealign.core.errors import InputError
from cuealign.core.schema import (
    DESCRIPTOR_MEANS,
    MANIFEST,
    NO_TOKENS,
    PREDICTIONS,
    TOKEN_SEQUENCES,
    Table,
    read_tokens,
    rows_of,
    tokens_schema,
)
from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, TOKENS

COLOURS = Table(
    name="colours",
    columns={"name": pa.string(), "shade": pa.string(), "value": pa.float64(), "used": pa.bool_(), "count": pa.int64()},
    key=("name", "shade"),
    nullable=("value",),
    values={"shade": ("light", "dark")},
    open_ended="mix_",
)


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["red", "red", "blue"],
            "shade": ["light", "dark", "dark"],
            "value": [0.1, None, 1 / 3],
            "used": [True, False, True],
            "count": [1, 2**62, 3],
        }
    )


def test_values_survive_the_disk_exactly(table, tmp_path):
    COLOURS.write(table, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(COLOURS.read(tmp_path / "t.parquet"), table, check_exact=True, check_dtype=False)


def test_the_same_values_give_the_same_bytes(table, tmp_path):
    COLOURS.write(table, tmp_path / "one.parquet")
    COLOURS.write(COLOURS.read(tmp_path / "one.parquet"), tmp_path / "two.parquet")
    COLOURS.write(table[table.columns[::-1]].set_index(pd.Index([7, 3, 5])), tmp_path / "three.parquet")
    assert len({(tmp_path / f"{name}.parquet").read_bytes() for name in ("one", "two", "three")}) == 1


def test_columns_are_written_in_order_with_their_types_and_nothing_else(table, tmp_path):
    COLOURS.write(table[table.columns[::-1]].assign(mix_b=1.0, mix_a=2), tmp_path / "new/folder/t.parquet")
    schema = pq.read_schema(tmp_path / "new/folder/t.parquet")
    assert schema.names == [*COLOURS.columns, "mix_b", "mix_a"]
    assert [schema.field(name).type for name in COLOURS.columns] == list(COLOURS.columns.values())
    assert schema.field("mix_a").type == pa.float64()
    assert schema.metadata is None


FAULTS = {
    "missing column": (lambda t: t.drop(columns="count"), "column 'count' is missing"),
    "extra column": (lambda t: t.assign(mood=1), "column 'mood' does not belong here"),
    "missing value": (lambda t: t.assign(name=[None, "red", None]), r"column 'name' has missing values, first in rows \[0, 2\]"),
    "wrong value": (lambda t: t.assign(shade=["light", "dark", "pale"]), "row 2: shade is 'pale', not one of light, dark"),
    "key twice": (lambda t: t.assign(shade="dark"), "red, dark occurs more than once"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_table_is_refused_when_it_is_written(table, tmp_path, fault):
    change, message = FAULTS[fault]
    path = tmp_path / "t.parquet"
    with pytest.raises(InputError, match=message) as error:
        COLOURS.write(change(table), path)
    assert str(error.value).startswith(f"{path} (colours): 1 problem\n")
    assert not path.exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_table_is_refused_when_it_is_read(table, tmp_path, fault):
    change, message = FAULTS[fault]
    change(table).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=message):
        COLOURS.read(tmp_path / "t.parquet")


def test_all_problems_with_columns_are_named_together(table):
    with pytest.raises(InputError, match="3 problems"):
        COLOURS.check(table.drop(columns=["count", "used"]).assign(mood=1), "here")


@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"name,shade\n"])
def test_a_file_that_is_not_parquet_is_named(tmp_path, content):
    path = tmp_path / "t.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.parquet: cannot be read as Parquet \(.*\); delete it and run the workflow again"):
        COLOURS.read(path)


def test_a_table_without_open_ended_columns_takes_no_others():
    with pytest.raises(InputError, match="column 'logprob_sad' does not belong here"):
        MANIFEST.check(pd.DataFrame(columns=[*MANIFEST.columns, "logprob_sad"]), "here")
    assert list(PREDICTIONS.check(pd.DataFrame(columns=["logprob_sad", *PREDICTIONS.columns]), "here"))[-1] == "logprob_sad"


@pytest.fixture
def tokens() -> pd.DataFrame:
    random = np.random.default_rng(0)
    drawn = {concept: random.choice(TOKENS[concept], 20) for concept in CONCEPTS}
    return pd.DataFrame({"utterance": [f"u{number:02d}" for number in range(20)], **drawn, "cue_block": "ENERGY is …"})


def test_tokens_of_every_condition_are_read_by_one_function(tokens, tmp_path):
    empty = tokens.assign(**dict.fromkeys([*CONCEPTS, "cue_block"], ""))
    for kind, table in ((TOKEN_SEQUENCES, tokens), (NO_TOKENS, empty)):
        assert tokens_schema(table) is kind
        kind.write(table, tmp_path / "t.parquet")
        pd.testing.assert_frame_equal(read_tokens(tmp_path / "t.parquet"), table, check_dtype=False)


def test_only_concepts_that_need_voicing_may_be_unvoiced(tokens):
    TOKEN_SEQUENCES.check(tokens.assign(PITCH="UNVOICED", FORMANTS="UNVOICED", VOICE_QUALITY="UNVOICED"), "here")
    with pytest.raises(InputError, match="row 0: ENERGY is 'UNVOICED', not one of VERY_LOW, "):
        TOKEN_SEQUENCES.check(tokens.assign(ENERGY="UNVOICED"), "here")


def test_audio_only_tokens_with_a_token_are_refused(tokens):
    empty = tokens.assign(**dict.fromkeys([*CONCEPTS, "cue_block"], ""))
    empty.loc[3, "ENERGY"] = "LOW"
    with pytest.raises(InputError, match="row 3: ENERGY is 'LOW'"):
        tokens_schema(empty).check(empty, "here")


def test_only_means_over_voiced_frames_may_be_missing():
    voiced = {name for name in DESCRIPTORS if name.endswith("nz")}
    slopes = {"alphaRatio_sma3", "hammarbergIndex_sma3", "slope0-500_sma3", "slope500-1500_sma3"}
    others = {*(f"voiced_{name}" for name in slopes), "median_F0semitoneFrom27.5Hz_sma3nz", "phonetic_H1-H2", "phonetic_H1-A3"}
    assert set(DESCRIPTOR_MEANS.nullable) == {*voiced, *(f"plain_{name}" for name in voiced), *others}
    assert set(DESCRIPTOR_MEANS.nullable) < set(DESCRIPTOR_MEANS.columns)


@pytest.mark.parametrize(("name", "values"), [("used", [1, 0, 1]), ("name", [1, 2, 3]), ("value", ["a", "b", "c"]), ("shade", [True] * 3)])
def test_a_column_of_another_type_is_named_with_what_to_do(table, tmp_path, name, values):
    file = tmp_path / "t.parquet"
    table.assign(**{name: values}).to_parquet(file)
    with pytest.raises(InputError, match=rf"^{file}: column '{name}' holds .*, not .*; delete it and run the workflow again$"):
        COLOURS.read(file)


def test_a_table_without_rows_is_refused_when_it_is_read(table, tmp_path):
    COLOURS.write(table.iloc[:0], tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"t\.parquet: has no rows; delete it and run the workflow again"):
        COLOURS.read(tmp_path / "t.parquet")


def test_what_another_program_writes_in_a_type_of_its_own_is_read(table, tmp_path):
    COLOURS.write(table, tmp_path / "t.parquet")
    written = pq.read_table(tmp_path / "t.parquet")
    large = written.cast(pa.schema([("name", pa.large_string()), *list(written.schema)[1:4], ("count", pa.int64())]))
    shades = large.set_column(1, "shade", large["shade"].dictionary_encode())
    pq.write_table(shades, tmp_path / "other.parquet")
    pd.testing.assert_frame_equal(COLOURS.read(tmp_path / "other.parquet"), COLOURS.read(tmp_path / "t.parquet"))


def test_a_file_that_does_not_fit_says_what_to_do(table, tmp_path):
    table.drop(columns="shade").to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"\(colours\); delete it and run the workflow again: 1 problem"):
        COLOURS.read(tmp_path / "t.parquet")


def test_rows_are_found_by_utterance_wherever_they_stand():
    table = pd.DataFrame({"utterance": ["b", "c", "a"], "value": [2, 3, 1]})
    assert rows_of(table, ["a", "b"], "x")["value"].tolist() == [1, 2]
    with pytest.raises(InputError, match=r"^x: has no row of utterance 'd' and of 1 more, which the manifest has; delete it"):
        rows_of(table, ["a", "d", "e"], "x")


def test_a_file_of_results_that_was_copied_over_another_one_is_refused(table, tmp_path):
    """Its rows fit, so nobody would notice: the answers of one model would count as another's."""
    one, other = (tmp_path / f"results/predictions/{model}/seed0.parquet" for model in ("one", "other"))
    for path in (one, other):
        COLOURS.write(table, path)
    COLOURS.read(one)
    one.write_bytes(other.read_bytes())
    with pytest.raises(InputError, match=r"one/seed0\.parquet: holds what belongs to results/predictions/other/seed0\.parquet; delete it"):
        COLOURS.read(one)


def test_a_folder_of_results_may_be_moved(table, tmp_path):
    COLOURS.write(table, tmp_path / "results/x/a.parquet")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").rename(tmp_path / "elsewhere/results")
    assert len(COLOURS.read(tmp_path / "elsewhere/results/x/a.parquet")) == 3
