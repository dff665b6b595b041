"""One look for all figures: one column of a two-column paper, readable in print, safe for colour-blind readers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

COLUMN = 3.46
"""Width of a column in inches (88 mm)."""

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
