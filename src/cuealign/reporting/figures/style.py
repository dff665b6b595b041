"""One look for all figures: the columns of a paper, readable in print, safe for colour-blind readers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox

from cuealign.reporting.colours import CONTROL

INK = "#222222"
FAINT = CONTROL
SMALL, NORMAL, LARGE = 7.2, 7.5, 8.0
"""Points of text in the figure. The smallest is 6.5 in print where a paper's column is 80 mm wide."""

_INCH = 25.4
_FINE = 10
"""Dots per point by which text is measured: coarse ones round the width of every letter."""
_SETTINGS = {
    "font.size": NORMAL,
    "axes.titlesize": LARGE,
    "axes.labelsize": NORMAL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "figure.titlesize": LARGE,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "grid.linewidth": 0.4,
    "grid.color": "#dddddd",
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # a $ in a title is a dollar
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "cuealign",
}


@dataclass(frozen=True)
class Page:
    """What a figure is drawn for.

    Attributes:
        columns: of a paper that it fills, 1 or 2.
        width: of these, in inches.
        titles: whether title and cautions are in the picture, for a screen; a paper has them in the caption.
        colours: of the models of the study.
    """

    columns: int = 1
    width: float = 88 / _INCH
    titles: bool = True
    colours: Mapping[str, str] = field(default_factory=dict)

    def title(self, figure: Figure, text: str, **more: float) -> None:
        """Write the title, where there are titles."""
        if self.titles:
            figure.suptitle(self._wrapped(text), fontsize=LARGE, **more)

    def legend(self, figure: Figure, title: str, handles: Sequence[Artist], names: Sequence[str], *, ncols: int) -> None:
        """Write a legend above all panels, below the title where there are titles."""
        headed = {"title": self._wrapped(title), "title_fontsize": LARGE} if self.titles else {}
        figure.legend(
            handles, names, loc="outside upper center", ncols=ncols, frameon=False, handlelength=1.8, columnspacing=1.0, handletextpad=0.5,
            **headed,
        )  # fmt: skip

    def lines(self, title: str) -> int:
        """Lines that a title takes; none where there are no titles."""
        return self._wrapped(title).count("\n") + 1 if self.titles else 0

    def _wrapped(self, text: str) -> str:
        return wrapped(text, self.width * 72 - 12, LARGE)


def millimetres(value: float) -> float:
    """A length in inches."""
    return value / _INCH


@contextmanager
def styled(families: Sequence[str] = ("DejaVu Sans",)) -> Iterator[None]:
    """Apply the common style inside of the block, whatever the user's own settings are, and close its figures at the end.

    Args:
        families: names of fonts, a later one for the characters that the earlier ones lack.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS | {"font.family": list(families)})
        try:
            yield
        finally:
            plt.close("all")


def reach(bounds: pd.Series) -> list[list[float]] | None:
    """Lengths of an error bar to both sides of a value, from ``value``, ``low`` and ``high``; None without an interval."""
    if pd.isna(bounds["low"]):
        return None
    return [[max(bounds["value"] - bounds["low"], 0.0)], [max(bounds["high"] - bounds["value"], 0.0)]]


def empty(text: str, page: Page) -> Figure:
    """A figure that only says why there is nothing to show."""
    figure, axes = plt.subplots(figsize=(page.width, 0.8))
    axes.text(0.5, 0.5, wrapped(text, page.width * 72 - 20, SMALL), ha="center", va="center", fontsize=SMALL)
    axes.set_axis_off()
    return figure


def wrapped(text: str, width: float, size: float) -> str:
    """The text on lines of at most a width; a longer word is broken.

    Args:
        text: of any length.
        width: in points.
        size: of the font, in points.
    """
    lines, line = [], ""
    for word in text.split():
        while (joined := f"{line} {word}".strip()) and text_width(joined, size) > width:
            if line:
                lines.append(line)
                line = ""
                continue
            fits = next(count for count in range(len(word), 0, -1) if count == 1 or text_width(word[:count], size) <= width)
            fits = next((end for end in range(fits, 0, -1) if word[end - 1] in "-_/"), fits)
            lines.append(word[:fits])
            word = word[fits:]
        line = joined
    return "\n".join([*lines, line] if line else lines)


def text_width(text: str, size: float) -> float:
    """Points that a line of text takes.

    Args:
        text: of one line.
        size: of the font, in points.
    """
    finely = RendererAgg(1, 1, 72 * _FINE)
    return finely.get_text_width_height_descent(text, FontProperties(size=size), ismath=False)[0] / _FINE


# Places of a label around its point, in points: right, left, above and below, near before far.
_PLACES = [
    (x * distance, y * distance, ha, va)
    for distance in (5.0, 11.0, 18.0, 26.0, 36.0)
    for x, y, ha, va in (
        *((1, 0.6, "left", "bottom"), (1, -0.6, "left", "top"), (-1, 0.6, "right", "bottom"), (-1, -0.6, "right", "top")),
        *((0, 1, "center", "bottom"), (0, -1, "center", "top")),
    )
]
_FEW = 4
"""Names that may be wrapped; of more, long ones would hide the points."""
_NEAR = 12
"""Places so near that a label needs no line to its point."""


def label_points(axes: Axes, points: np.ndarray, texts: Sequence[str], others: Sequence[Artist] = ()) -> bool:
    """Write a name beside each point, where it hides no other point and no other text.

    Args:
        axes: with everything else drawn and their limits set.
        points: in data coordinates, shape ``(n, 2)``.
        texts: names; long ones are wrapped.
        others: what else must not be hidden.

    Returns:
        Whether there is room for all names; if not, none is written.
    """
    figure = axes.figure
    figure.draw_without_rendering()  # places what the layout moves
    renderer, inside = figure.canvas.get_renderer(), axes.get_window_extent()
    spots = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in axes.transData.transform(points)]
    widest = inside.width * 72 / figure.dpi / 2.2
    if len(texts) > _FEW and max(text_width(text, SMALL) for text in texts) > widest:
        return False
    taken, written, free = [other.get_window_extent(renderer) for other in others], [], True
    for point, text in zip(points, texts, strict=True):
        tried = []
        for order, (x, y, ha, va) in enumerate(_PLACES):
            label = axes.annotate(
                wrapped(text, widest, SMALL), point, xytext=(x, y), textcoords="offset points", ha=ha, va=va, fontsize=SMALL, linespacing=1
            )
            label.set_in_layout(False)
            box = label.get_window_extent(renderer)
            hidden = sum(box.overlaps(other) for other in (*spots, *taken))
            beyond = not (inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1)
            tried.append((hidden + 3 * beyond, order, label, box))
        best = min(tried, key=lambda each: each[:2])
        for each in tried:
            if each is not best:
                each[2].remove()
        taken.append(best[3])
        written.append(best[2])
        free = free and best[0] == 0
        if best[1] >= _NEAR:
            line = {"arrowstyle": "-", "linewidth": 0.4, "color": FAINT}
            written.append(axes.annotate("", point, xytext=_PLACES[best[1]][:2], textcoords="offset points", arrowprops=line))
    if not free:
        for label in written:
            label.remove()
    return free


def add_cautions(figure: Figure, page: Page, cautions: Sequence[str]) -> None:
    """Write cautions below a figure that has titles, which grows by as much."""
    if cautions and page.titles:
        add_below(figure, page, [f"Caution: {caution}" for caution in cautions])


def add_below(figure: Figure, page: Page, texts: Sequence[str]) -> None:
    """Write texts below all panels of a finished figure, which grows by as much."""
    text = "\n".join(wrapped(each, page.width * 72 - 12, SMALL) for each in texts)
    width, height = figure.get_size_inches()
    more = (1.35 * SMALL * (text.count("\n") + 1) + 4) / 72
    below = more / (height + more)
    figure.draw_without_rendering()  # lays out what is there
    figure.set_layout_engine("none")
    for axes in figure.axes:
        place = axes.get_position()
        axes.set_position([place.x0, below + place.y0 * (1 - below), place.width, place.height * (1 - below)])
    for written in figure.texts:
        written.set_y(below + written.get_position()[1] * (1 - below))
    figure.set_size_inches(width, height + more)
    figure.text(6 / 72 / width, 3 / 72 / (height + more), text, fontsize=SMALL, color="#555555", va="bottom", linespacing=1.2)


def save(figure: Figure, path: Path | str, *, caption: str = "") -> None:
    """Write a figure, the same bytes for the same content.

    Args:
        figure: drawn in the common style.
        path: its ending gives the format.
        caption: goes into the file, for readers who cannot see it.
    """
    kind = Path(path).suffix.lstrip(".")
    metadata = {
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "svg": {"Date": None},
        "png": {"Software": None},
    }[kind]
    if caption:
        metadata["Subject" if kind == "pdf" else "Description"] = caption
    figure.savefig(path, dpi=300, metadata=metadata)
    figure.set_layout_engine("none")  # laid out once, and alike in every format
