"""A terminal has one line that changes, below those that stay; a file has plain lines."""

import io
import re

import pytest

from cuealign.terminal.screen import Screen


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding="utf-8"):
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True, newline="")

    def isatty(self):
        return True

    def text(self):
        return self.buffer.getvalue().decode(self.encoding)

    def seen(self) -> list[str]:
        """Lines as a terminal shows them in the end."""
        lines = []
        for line in self.text().split("\n"):
            kept = re.split(r"\r\033\[K", line)[-1]
            lines.append(re.sub(r"\033\[\d*m", "", kept))
        return lines


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "20")


def test_lines_stay_above_the_line_that_changes():
    terminal = Terminal()
    screen = Screen(terminal)
    screen.change("tokens 1/2")
    screen.warning("odd")
    screen.change("tokens 2/2")
    screen.line("tokens done")
    assert terminal.seen() == ["odd", "tokens done", "tokens 2/2"]
    screen.end()
    assert terminal.seen() == ["odd", "tokens done", ""]


def test_the_line_that_changes_fits_a_narrow_terminal_and_other_lines_are_whole():
    terminal = Terminal()
    screen = Screen(terminal)
    screen.change("x" * 200)
    assert terminal.seen() == ["x" * 39]
    screen.line("y" * 200)
    assert terminal.seen()[0] == "y" * 200
    assert screen.bar(0.5) == ""


def test_a_bar_is_as_long_as_fits(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert Screen(Terminal()).bar(0.55) == "█████░░░░░ "
    monkeypatch.setenv("COLUMNS", "100")
    assert Screen(Terminal()).bar(1.0) == "█" * 20 + " "


def test_a_file_gets_lines_without_control_characters():
    file = io.StringIO()
    screen = Screen(file)
    screen.change("tokens 1/2")
    screen.error("wrong")
    screen.end()
    assert file.getvalue() == "wrong\n"


def test_a_terminal_that_knows_no_blocks_gets_letters_it_knows(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal("ascii")
    screen = Screen(terminal)
    screen.line(f"{screen.bar(0.5)}Müller")
    assert terminal.seen() == ["##########.......... M?ller", ""]


def test_a_message_cannot_steer_the_terminal():
    terminal = Terminal()
    Screen(terminal).line("a\x1b[2Jb")
    assert terminal.seen() == ["a�[2Jb", ""]


def test_no_colours_where_they_are_not_wanted(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    Screen(terminal).error("wrong")
    assert "\033[3" not in terminal.text()
