"""Text of other people in Markdown, LaTeX and CSV: it is shown as it is, and never obeyed."""

import re

CENTRED = r"\centering\hbadness=10000"
"""Begins a float in LaTeX; captions in a narrow column have loose lines, of which nobody needs to be told."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "&": r"\&",
    "%": r"\%",
    "_": r"\_",
    "#": r"\#",
    "$": r"\$",
    "[": "{[}",  # behind \\ it would begin an argument
    "]": "{]}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': "''",
    "`": "{`}",
    "−": "$-$",
    "Δ": r"$\Delta$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≠": r"$\neq$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "ρ": r"$\rho$",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "’": "'",
    "\u00a0": "~",
}
_RAISED = dict(zip("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789", strict=True))
_LONG, _PIECE = 20, 10
_FORMULA = ("=", "+", "-", "@")
_UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, those that turn the direction of other people's text, and halves of characters."""


def one_line(text: str) -> str:
    """The text with every run of white space, line breaks among it, as one space, and without characters that nobody sees."""
    return _UNSEEN.sub("", " ".join(text.split()))


def markdown(text: str) -> str:
    """Text for a cell or a paragraph of Markdown."""
    return re.sub(r"([|_*`<>$~&\\]|(?<=\])\()", r"\\\1", one_line(text))


def latex(text: str) -> str:
    """Text for LaTeX; a word too long for a column may be broken."""
    return " ".join(r"\hskip0pt{}".join(_latex(piece) for piece in pieces(word)) for word in one_line(text).split(" "))


def csv(value: object) -> object:
    """A cell of a CSV file; an apostrophe keeps a spreadsheet from taking a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value) else value


def pieces(word: str) -> list[str]:
    """Parts between which a word may be broken: one, unless it is too long for a column."""
    if len(word) <= _LONG:
        return [word]
    parts = re.findall(r"[^_/.\-]+[_/.\-]*|[_/.\-]+", word)
    return [part[start : start + _PIECE] for part in parts for start in range(0, len(part), _PIECE)]


def _latex(text: str) -> str:
    text = re.sub(f"[{''.join(_RAISED)}]+", lambda found: f"\x00{''.join(_RAISED[sign] for sign in found[0])}\x01", text)
    shown = "".join(_LATEX.get(character, character) for character in text)
    return shown.replace("\x00", "$^{").replace("\x01", "}$")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
