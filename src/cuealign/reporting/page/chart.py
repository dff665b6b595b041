"""Places of the points of the chart of UAR under each condition."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cuealign.reporting.page.content import Point

ROW = 20
"""Height of a row of the chart in pixels."""
LEFT, WIDTH = 118, 400
"""Width of the names, and of the whole, in pixels."""
_RIGHT, _TOP, _BOTTOM = 14, 6, 22


@dataclass(frozen=True)
class Chart:
    """A chart, in pixels.

    Attributes:
        height: of the whole.
        ticks: (x, text).
        references: (x, name) of vertical lines.
        marks: (y, point, x, x of the lower bound, x of the upper bound) of each point; NaN bounds become x itself.
    """

    height: int
    ticks: Sequence[tuple[float, str]]
    references: Sequence[tuple[float, str]]
    marks: Sequence[tuple[float, Point, float, float, float]]


def chart(points: Sequence[Point], labels: int, scale: tuple[float, float]) -> Chart:
    """The chart of a model.

    Args:
        points: one per row, from the top.
        labels: number of those that occur, which gives the chance level.
        scale: least and greatest UAR shown, as :func:`common_scale` gives it for all models of a page.
    """
    least, greatest = scale

    def x(uar: float) -> float:
        return round(LEFT + (WIDTH - LEFT - _RIGHT) * (uar - least) / (greatest - least), 1)

    marks = []
    for row, point in enumerate(points):
        low, high = (point.value if math.isnan(bound) else bound for bound in (point.low, point.high))
        marks.append((_TOP + ROW * (row + 0.5), point, x(point.value), x(low), x(high)))
    steps = range(round(least * 10), round(greatest * 10) + 1, 2)
    references = [(x(1 / labels), "chance")]
    references += [(x(point.value), "audio-only") for point in points if point.condition.startswith("none/")]
    return Chart(_TOP + ROW * len(points) + _BOTTOM, [(x(step / 10), f"{step / 10:.1f}") for step in steps], references, marks)


def common_scale(points: Sequence[Point], labels: int) -> tuple[float, float]:
    """Tenths that hold every value and bound, and the chance level."""
    values = [value for point in points for value in (point.value, point.low, point.high) if not math.isnan(value)] + [1 / labels]
    least, greatest = max(0, math.floor(min(values) * 10) / 10), min(1, math.ceil(max(values) * 10) / 10)
    return (least, greatest) if greatest > least else (max(0.0, least - 0.1), min(1.0, greatest + 0.1))
