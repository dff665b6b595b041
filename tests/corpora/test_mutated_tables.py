"""A table that was damaged by a spreadsheet, an editor or a careless hand gives one clear error, or the utterances it had before."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.errors import InputError
from tests.support.config import changed
from tests.support.corpora import describe
from tests.support.mutations import mutations

INSERTED = [",", '"', "\r", "\n", "\r\n", "\0", "\ufeff", "\u200b", ",,", '""', '","', "\n\n", "\n,,,,,\n"]
DROPPED = [",", "\n", '"', ",,"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32"]


@pytest.fixture(scope="module")
def whole(corpus):
    """The text of a table with quoted text, times and letters beyond ASCII, and its utterances."""
    _, table = corpus
    table = table.assign(start="0.05", end="0.3", language="eng", note=['said, "loudly"', "plain", "süß"] * 4)
    return table.to_csv(index=False)


def read(text, encoding, corpus, dataset, tmp_path):
    (tmp_path / "m.csv").write_bytes(text.encode(encoding))
    table = describe(changed(dataset, manifest=str(tmp_path / "m.csv"), root=str(corpus[0])))
    if gone := [file for file in table["file"] if not Path(file).exists()]:
        raise InputError(f"{gone[0]}: no such file")  # as the audit says
    return table


@mutations
@given(data=st.data())
def test_a_damaged_table_is_refused_or_read_as_before(whole, corpus, dataset, tmp_path, data):
    text, encoding = whole, data.draw(st.sampled_from(ENCODINGS))
    place = data.draw(st.integers(0, len(text) - 1))
    match data.draw(st.sampled_from(["insert", "drop", "nothing", "decimal comma", "separator", "cut", "sep="])):
        case "insert":
            text = text[:place] + data.draw(st.sampled_from(INSERTED)) + text[place:]
        case "drop":
            what = data.draw(st.sampled_from(DROPPED))
            found = text.find(what, place)
            text = text if found < 0 else text[:found] + text[found + len(what) :]
        case "decimal comma":
            text = text.replace("0.3", "0,3", data.draw(st.integers(1, 12)))
        case "separator":
            text = text.replace(",", ";")
        case "cut":
            text = text[:place] or "x"
        case "sep=":
            text = "sep=,\n" + text
    if data.draw(st.booleans()):
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    before = read(whole, "utf-8", corpus, dataset, tmp_path)
    try:
        after = read(text, encoding, corpus, dataset, tmp_path)
    except InputError as error:
        message = str(error)
    except UnicodeEncodeError:
        return  # text that the drawn encoding does not have
    else:
        # A cut between two lines leaves a whole table of fewer rows, and blank lines move the rest down.
        kept = before[before["utterance"].isin(after["utterance"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(after.drop(columns="origin"), kept.drop(columns="origin"))
        message = ""
    assert all(len(line) < 700 for line in message.splitlines())
    assert "Traceback" not in message
