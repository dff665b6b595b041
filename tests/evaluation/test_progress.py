"""Progress of long work, without a terminal."""

import logging

import pytest

from cuealign.runtime.progress import Progress, progress


@pytest.fixture
def clock(monkeypatch):
    """The time that is shown, in seconds, as the only element of a list."""
    now = [0.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def test_progress_shows_rate_and_what_is_left(caplog, clock):
    with caplog.at_level(logging.INFO), Progress(4, "work", "file") as shown:
        clock[0] = 5.0
        shown.update()  # too early for a line
        clock[0] = 20.0
        shown.update()
        clock[0] = 3700.0
    assert caplog.messages == ["work: 2 of 4 (50 %), 0.1 file/s, 20 s left", "work: 2 files in 1 h 01 min"]


def test_progress_of_groups_shows_their_rate_too(caplog, clock):
    with caplog.at_level(logging.INFO), Progress(66, "af3", "prompt", group="utterance") as shown:
        clock[0] = 20.0
        shown.update(33)
    assert caplog.messages[0] == "af3: 33 of 66 (50 %), 1.6 prompt/s, 0.1 utterance/s, 20 s left"


def test_progress_yields_everything_and_needs_a_length():
    assert list(progress([1, 2, 3], "work", unit="item")) == [1, 2, 3]
    with pytest.raises(TypeError, match="total"):
        list(progress(iter([1]), "work", unit="item"))
