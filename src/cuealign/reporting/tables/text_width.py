"""How wide a text is in print, in Times, in which both IEEE's and Interspeech's papers are set."""

_WIDTHS = {
    250: " ,.",
    278: "/:;\\ijlt",
    333: "!'()-I[]`fr",
    389: "Js",
    408: '"',
    444: "?acez",
    480: "{}",
    500: "#$*0123456789_bdghknopquvxy–",
    556: "FPS",
    564: "+<=>−±×≠≤≥^~",
    611: "ELTZΔ",
    667: "BCR",
    722: "ADGHKNOQUVXYw",
    778: "&m",
    833: "%",
    889: "M",
    921: "@",
    944: "W",
    200: "|",
    560: "⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹",
}
"""Thousandths of the font's size: Adobe, Font Metrics of Times-Roman; signs and raised digits as LaTeX sets them in mathematics."""
_OF = {character: width for width, characters in _WIDTHS.items() for character in characters}
_UNKNOWN, _FULL, _WIDE_FROM = 600, 1000, 0x1100
_ROOM = 1.06
"""Kerning and mathematics may add a little."""


def text_width(text: str, size: float) -> float:
    """Width of a text in points.

    Args:
        text: of one line.
        size: of the font, in points.
    """
    wide = (_OF.get(character, _FULL if ord(character) >= _WIDE_FROM else _UNKNOWN) for character in text)
    return sum(wide) * size / 1000 * _ROOM
