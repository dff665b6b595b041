"""Progress in a log: lines that are not too many, with rates and the time left."""

import io
import logging

import pytest

from cuealign.runtime.progress import LINE_EVERY, Progress, progress


@pytest.fixture
def clock(monkeypatch):
    """The time that the progress sees, in seconds, as the last of a list."""
    now = [0.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[-1])
    return now


def test_a_line_has_the_rate_and_the_time_left(caplog, clock):
    with caplog.at_level(logging.INFO), Progress(4, "work", "file") as shown:
        clock.append(5)
        shown.update()  # too early for a line
        clock.append(20)
        shown.update()
        clock.append(3700)
    assert caplog.messages == ["work: 2 of 4 (50 %), 0.1 file/s, 20 s left", "work: 2 files in 1 h 01 min"]


def test_the_rate_of_groups_is_shown_too(caplog, clock):
    with caplog.at_level(logging.INFO), Progress(66, "af3", "prompt", group="utterance") as shown:
        clock.append(20)
        shown.update(33)
        clock.append(40)
    assert caplog.messages == ["af3: 33 of 66 (50 %), 1.6 prompt/s, 0.1 utterance/s, 20 s left", "af3: 33 prompts in 40 s"]
    assert (shown.done, shown.groups) == (33, 1)


def test_lines_are_some_seconds_apart(caplog, clock):
    with caplog.at_level(logging.INFO), Progress(1000, "work", "file") as shown:
        for second in range(1, 101):
            clock.append(second)
            shown.update()
    assert len(caplog.messages) == 100 / LINE_EVERY + 1


def test_finished_work_has_only_its_total(caplog, clock):
    with caplog.at_level(logging.INFO), Progress(1, "work", "file") as shown:
        clock.append(150)
        shown.update()
    assert caplog.messages == ["work: 1 file in 2 min 30 s"]


def test_interrupted_work_says_how_far_it_came(caplog, clock):
    def work():
        with Progress(9, "work", "file") as shown:
            clock.append(1)
            shown.update(2)
            _ = 1 / 0

    with caplog.at_level(logging.INFO), pytest.raises(ZeroDivisionError):
        work()
    assert caplog.messages == ["work: 2 files in 1 s"]


def test_a_terminal_gets_a_bar(caplog, clock, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with caplog.at_level(logging.INFO), Progress(10, "work", "file", group="folder") as shown:
        for second in (20, 40):
            clock.append(second)
            shown.update(5)
    assert "work" in terminal.getvalue()
    assert "10/10" in terminal.getvalue()
    assert "folder/s" in terminal.getvalue()
    assert caplog.messages == ["work: 10 files in 40 s"]


def test_every_item_is_yielded_and_counted_after_its_work(caplog, clock):
    with caplog.at_level(logging.INFO):
        items = progress(iter([1, 2, 3]), "work", unit="item", total=3)
        assert next(items) == 1
        clock.append(60)
        assert next(items) == 2
        assert caplog.messages == ["work: 1 of 3 (33 %), 0.0 item/s, 2 min 00 s left"]
        assert list(items) == [3]
    assert caplog.messages[-1] == "work: 3 items in 1 min 00 s"


def test_items_without_a_length_need_a_total():
    assert list(progress([1, 2, 3], "work", unit="item")) == [1, 2, 3]
    with pytest.raises(TypeError, match="total is needed"):
        list(progress(iter([1]), "work", unit="item"))
