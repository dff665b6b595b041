"""Fonts that have every character of a text."""

from collections.abc import Iterable
from pathlib import Path

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from cuealign.core.errors import InputError


def families(font: str, texts: Iterable[str]) -> list[str]:
    """The font, and installed ones for the characters that it lacks.

    Args:
        font: name of a family.
        texts: labels and titles that are to be written.

    Raises:
        InputError: if the font is not installed, or no installed font has a character.
    """
    try:
        found = Path(findfont(FontProperties(family=font), fallback_to_default=False))
    except ValueError:
        raise InputError(f"figure_style.font: the font {font!r} is not installed; install it, or name another one") from None
    chosen, known = [font], _characters(found)
    for text in texts:
        while missing := sorted({character for character in text if ord(character) not in known and not character.isspace()}):
            known = known | _add(missing, text, font, chosen)
    return chosen


def _add(missing: list[str], text: str, font: str, chosen: list[str]) -> frozenset[int]:
    """Choose the installed font that has most of the missing characters; returns its characters."""
    best: tuple[int, str, frozenset[int]] = (0, "", frozenset())
    for name, path in sorted({entry.name: entry.fname for entry in fontManager.ttflist if entry.style == "normal"}.items()):
        if "LastResort" in name.replace(" ", "") or name in chosen:
            continue
        characters = _characters(Path(path))
        count = sum(ord(character) in characters for character in missing)
        if count > best[0]:
            best = (count, name, characters)
    if not best[0]:
        raise InputError(
            f"{text!r}: no installed font has {', '.join(repr(character) for character in missing)}; install a font that has "
            f"({font} has not), and name it as figure_style.font if it should be used for all text"
        )
    chosen.append(best[1])
    return best[2]


def _characters(path: Path) -> frozenset[int]:
    return frozenset(get_font(path).get_charmap())
