"""Places of a picture that stand for utterances: a point, a cell, a bubble. The results page leads from them to these utterances."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from cuealign.config.entries.grid import Experiment

_POINT = 6.0
"""Points that a point's place reaches to each side, so that a finger finds it."""
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Utterances:
    """Which utterances a place stands for. What is not said is not chosen.

    Attributes:
        dataset, split, model: of the answers.
        condition: (intervention, p, seed) under which they were given.
        show: filter of the results page, such as ``conflict`` for answers that change under contradictory tokens.
        label, prediction, speaker: theirs.
        token: ``CONCEPT=TOKEN`` that is in their block.
    """

    dataset: str = ""
    split: str = ""
    model: str = ""
    condition: tuple[str, str, str] | None = None
    show: str = ""
    label: str = ""
    prediction: str = ""
    speaker: str = ""
    token: str = ""

    @classmethod
    def of(cls, experiment: Experiment, **more: Any) -> Self:
        """Utterances of an experiment."""
        return cls(**asdict(experiment), **more)


class _Place(Artist):
    """Remembers where something was drawn, and draws nothing itself."""

    def __init__(self, box: tuple[float, float, float, float], margin: float, says: str, utterances: Utterances) -> None:
        super().__init__()
        self.set_in_layout(False)
        self.box, self.margin, self.says, self.utterances = box, margin, says, utterances

    def draw(self, renderer: RendererBase) -> None:
        """Nothing is to be seen."""

    def shares(self, figure: Figure) -> list[float]:
        """Left, top, width and height as shares of the picture, from its upper left corner."""
        (left, bottom), (right, top) = self.axes.transData.transform([self.box[:2], self.box[2:]])
        (left, right), (bottom, top) = sorted((left, right)), sorted((bottom, top))
        more, whole = self.margin * figure.dpi / 72, figure.bbox
        sides = (
            (left - more) / whole.width,
            1 - (top + more) / whole.height,
            *((high - low + 2 * more) / full for low, high, full in ((left, right, whole.width), (bottom, top, whole.height))),
        )
        return [round(float(side), _DIGITS) for side in sides]


def lead_from_point(axes: Axes, x: float, y: float, says: str, utterances: Utterances, *, reach: float = _POINT) -> None:
    """A point leads to utterances.

    Args:
        axes: in which it is drawn.
        x, y: its place, in data coordinates.
        says: what is to be seen there.
        utterances: behind it.
        reach: points to each side that belong to it.
    """
    axes.add_artist(_Place((x, y, x, y), reach, says, utterances))


def lead_from_cell(axes: Axes, x: float, y: float, says: str, utterances: Utterances) -> None:
    """A cell of width and height 1 leads to utterances; ``x`` and ``y`` are its lower ends, in data coordinates."""
    axes.add_artist(_Place((x, y, x + 1, y + 1), 0.0, says, utterances))


def places(figure: Figure) -> list[dict[str, Any]]:
    """All places of a picture that has been saved, so that it is laid out.

    Returns:
        Of each ``says``, ``box`` (left, top, width and height as shares of the picture) and ``utterances``.
    """
    return [
        {
            "says": place.says,
            "box": place.shares(figure),
            "utterances": {name: value for name, value in asdict(place.utterances).items() if value},
        }
        for place in figure.findobj(_Place)
    ]
