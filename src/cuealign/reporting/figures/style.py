"""One look for all figures: one column of a two-column paper, readable in print, safe for colour-blind readers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from cuealign.config.entries.model import Model

COLUMN = 3.46
"""Width of a column in inches (88 mm)."""

TWO_COLUMNS = 7.16
"""Width of both columns in inches (182 mm)."""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
"""Safe for colour-blind readers: Okabe and Ito, Color Universal Design, 2008, without black and yellow."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
INK = "#222222"
FAINT = "#8a8a8a"

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
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
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "cuealign",
}


@contextmanager
def styled() -> Iterator[None]:
    """Apply the common style inside of the block, and close its figures at the end."""
    with matplotlib.rc_context(_SETTINGS):
        try:
            yield
        finally:
            plt.close("all")


def model_colours(models: Mapping[str, Model], names: Iterable[str]) -> dict[str, str]:
    """A colour for each of some models, in their order; control models are grey."""
    names = list(dict.fromkeys(names))
    asked = [name for name in names if models[name].kind != "control"]
    return {name: COLOURS[asked.index(name) % len(COLOURS)] if name in asked else FAINT for name in names}


def reach(bounds: pd.Series) -> list[list[float]] | None:
    """Lengths of an error bar to both sides of a value, from ``value``, ``low`` and ``high``; None without an interval."""
    if pd.isna(bounds["low"]):
        return None
    return [[max(bounds["value"] - bounds["low"], 0.0)], [max(bounds["high"] - bounds["value"], 0.0)]]


def empty(text: str, width: float) -> Figure:
    """A figure that only says why there is nothing to show."""
    figure, axes = plt.subplots(figsize=(width, 0.8))
    axes.text(0.5, 0.5, text, ha="center", va="center")
    axes.set_axis_off()
    return figure


# Places of a label around its point, in points: right, left, above and below, near before far.
_PLACES = [
    (x * distance, y * distance, ha, va)
    for distance in (5.0, 11.0, 18.0, 26.0)
    for x, y, ha, va in (
        *((1, 0.6, "left", "bottom"), (1, -0.6, "left", "top"), (-1, 0.6, "right", "bottom"), (-1, -0.6, "right", "top")),
        *((0, 1, "center", "bottom"), (0, -1, "center", "top")),
    )
]


def label_points(axes: Axes, points: np.ndarray, texts: Sequence[str]) -> None:
    """Write a name beside each point, where it hides no other point and no other name.

    Args:
        axes: with everything else drawn and their limits set.
        points: in data coordinates, shape ``(n, 2)``.
        texts: names.
    """
    figure = axes.figure
    figure.draw_without_rendering()  # places what the layout moves
    renderer, inside = figure.canvas.get_renderer(), axes.get_window_extent()
    spots = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in axes.transData.transform(points)]
    taken: list[Bbox] = []
    for point, text in zip(points, texts, strict=True):
        tried = []
        for order, (x, y, ha, va) in enumerate(_PLACES):
            label = axes.annotate(text, point, xytext=(x, y), textcoords="offset points", ha=ha, va=va, fontsize=6.5)
            label.set_in_layout(False)
            box = label.get_window_extent(renderer)
            hidden = sum(box.overlaps(other) for other in (*spots, *taken))
            beyond = not (inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1)
            tried.append((hidden + 2 * beyond, order, label, box))
        best = min(tried, key=lambda each: each[:2])
        for each in tried:
            if each is not best:
                each[2].remove()
        taken.append(best[3])
        if best[1] >= 12:  # too far to be seen as its own without a line
            axes.annotate(
                "", point, xytext=_PLACES[best[1]][:2], textcoords="offset points",
                arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": FAINT},
            )  # fmt: skip


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
