"""Lines on a terminal, the last of which is written anew as the work goes on; or plain lines in a file or a pipe."""

import os
import shutil
from typing import TextIO

from cuealign.core.text import printable

_NARROW, _VERY_NARROW = 70, 46
_RED, _YELLOW, _PLAIN = "\033[31m", "\033[33m", "\033[0m"
_CLEAR = "\r\033[K"


class Screen:
    """Writes to a stream.

    Args:
        stream: a terminal, or anything else that text goes to.
        colours: False for none, also in a terminal.
    """

    def __init__(self, stream: TextIO, *, colours: bool = True) -> None:
        self.stream = stream
        self.live = bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"
        self._colours = colours and self.live and "NO_COLOR" not in os.environ
        self._shown = ""
        self._blocks = self._can_write("█░")

    def _can_write(self, text: str) -> bool:
        try:
            text.encode(getattr(self.stream, "encoding", None) or "ascii")
        except UnicodeEncodeError:
            return False
        return True

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return shutil.get_terminal_size().columns

    def bar(self, share: float) -> str:
        """A bar of a length that suits the terminal; none in a very narrow one."""
        length = 0 if self.live and self.width < _VERY_NARROW else 10 if self.live and self.width < _NARROW else 20
        full = int(share * length)
        done, rest = "█░" if self._blocks else "#."
        return done * full + rest * (length - full) + " " * bool(length)

    def line(self, text: str, colour: str = "") -> None:
        """Write text that stays, above the line that changes."""
        kept, self._shown = self._shown, ""
        text = printable(text)
        coloured = f"{colour}{text}{_PLAIN}" if colour and self._colours else text
        self._write((_CLEAR if self.live else "") + coloured + "\n")
        if kept:
            self.change(kept)

    def error(self, text: str) -> None:
        """Write an error."""
        self.line(text, _RED)

    def warning(self, text: str) -> None:
        """Write a warning."""
        self.line(text, _YELLOW)

    def change(self, text: str) -> None:
        """Write the line that changes, cut to the terminal's width; nothing without a terminal."""
        if self.live:
            self._shown = text[: max(1, self.width - 1)]
            self._write(_CLEAR + self._shown)

    def end(self) -> None:
        """Take the line that changes away."""
        if self._shown:
            self._shown = ""
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.stream.write(text.encode(encoding, "replace").decode(encoding))
        self.stream.flush()
