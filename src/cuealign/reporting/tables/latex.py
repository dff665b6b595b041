"""Lays a table out for LaTeX, so that it fits the columns of a paper without an overfull box.

LaTeX itself wraps no column of text whose width nobody gave. So the widths of all cells are measured here, in the font of the paper, and
the table takes the first of these forms that fits: one column of the page; both columns; both, with its columns in several panels one
below the other. Columns of text are wrapped, those of numbers are not.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from cuealign.reporting.escaping import CENTRED, latex, one_line, pieces
from cuealign.reporting.tables.text_width import text_width

COLUMN, PAGE = 226.0, 481.0
"""Points to fill: Interspeech's column (80 mm) and text (170 mm), which are narrower than IEEE's."""

_SIZE, _LEADING = 8.0, 9.6
_SMALL, _SMALL_LEADING = 7.0, 8.4
"""Points: first lines of cells, and all that stands below them."""
_GAP, _BETWEEN = 6.0, 2.0
"""Points between columns, and between rows of which some have several lines."""
_TALLEST = 540.0
"""Points that a float may take, caption included."""
_CAPTION = 40.0
_MOST_LINES = {COLUMN: 2, PAGE: 8}
"""Lines on which a column of text may be wrapped before another form is tried."""
_NUMERIC = re.compile(r"(\d|[][<+−.,()%×⁻⁰¹²³⁴⁵⁶⁷⁸⁹– ]|\b(of|to|e|p|paper)\b)*")


@dataclass(frozen=True)
class Layout:
    """What of a table is no plain column.

    Attributes:
        row_groups: columns that head groups of rows.
        spanners: beginnings of names of columns that stand together below one heading.
    """

    row_groups: Sequence[str] = ()
    spanners: Sequence[str] = ()


@dataclass(frozen=True)
class _Column:
    """A column with its measures.

    Attributes:
        heading: lines.
        spanner: heading above it, shared with its neighbours; empty for none.
        cells: lines of each.
        text: True for words, which are set to the left and may be wrapped.
        natural: points that it takes unwrapped.
        least: points that its longest word takes.
    """

    heading: tuple[str, ...]
    spanner: str
    cells: tuple[tuple[str, ...], ...]
    text: bool
    natural: float
    least: float


@dataclass(frozen=True)
class _Panel:
    """Columns side by side, with the width of each: None for as wide as it is."""

    columns: tuple[_Column, ...]
    widths: tuple[float | None, ...]

    @property
    def width(self) -> float:
        return _total([column.natural if width is None else width for column, width in zip(self.columns, self.widths, strict=True)])


def environments(caption: str, display: pd.DataFrame, note: str, layout: Layout, label: str = "") -> str:
    """LaTeX environments of a table, several if it is taller than a page.

    Args:
        caption: plain text.
        display: cells of text; a line feed begins a further line of a cell.
        note: plain text below the table.
        layout: of the table.
        label: for a reference to the table; none if empty.
    """
    if len(display) == 0:
        return _float([], _caption(caption, label), note, "table")
    constant = [name for name in layout.row_groups if display[name].nunique() == 1]
    said = ", ".join(one_line(display[name].iloc[0]) for name in constant)
    headed = [name for name in layout.row_groups if name not in constant]
    groups = display[headed].agg(", ".join, axis=1).map(one_line).tolist() if headed else [""] * len(display)
    columns = [_measured(name, display[name], layout.spanners) for name in display if name not in layout.row_groups]
    environment, panels = _form(columns)
    full = _with(caption, said) if said else caption
    floats, held, room = [], [], _TALLEST - _CAPTION - _height_of_text(note, PAGE if environment == "table*" else COLUMN)
    left = room
    for panel in panels:
        for rows in _chunks(panel, groups, room):
            needed = _height(panel, groups, rows)
            if held and needed > left:
                floats.append(held)
                held, left = [], room
            held.append(_tabular(panel, groups, rows))
            left -= needed
    floats.append(held)
    heads = [_caption(full, label), *[_caption(_with(full, "continued"), "", again=True)] * (len(floats) - 1)]
    notes = [""] * (len(floats) - 1) + [note]
    return "".join(_float(body, head, below, environment) for body, head, below in zip(floats, heads, notes, strict=True))


# ---------------------------------------------------------------- measuring


def _measured(name: str, cells: pd.Series, spanners: Sequence[str]) -> _Column:
    spanner = next((spanner for spanner in spanners if name.startswith(f"{spanner} ")), "")
    title = name.removeprefix(f"{spanner} ") if spanner else name
    lines = tuple(tuple(map(one_line, cell.split("\n"))) for cell in cells)
    text = not all(_NUMERIC.fullmatch(line) for cell in lines for line in cell)
    widest = max(text_width(line, _SMALL if row else _SIZE) for cell in lines for row, line in enumerate(cell))
    words = [word for cell in lines for line in cell for word in line.split(" ")]
    words += title.split(" ")
    least = max(text_width(piece, _SIZE) for word in words for piece in pieces(word))
    if text:
        return _Column((title,), spanner, lines, text, max(widest, text_width(title, _SIZE)), least)
    heading = tuple(_wrapped(title, max(widest, *(text_width(word, _SIZE) for word in title.split(" ")))))
    natural = max(widest, *(text_width(line, _SIZE) for line in heading))
    return _Column(heading, spanner, lines, text, natural, natural)


def _wrapped(text: str, width: float) -> Iterator[str]:
    """Lines of a heading, none wider than the width or, if that is wider, a word."""
    line = ""
    for word in text.split(" "):
        if line and text_width(f"{line} {word}", _SIZE) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _total(widths: Sequence[float]) -> float:
    return sum(widths) + _GAP * (len(widths) - 1)


# ---------------------------------------------------------------- choosing a form


def _form(columns: Sequence[_Column]) -> tuple[str, list[_Panel]]:
    for environment, available in (("table", COLUMN), ("table*", PAGE)):
        if panel := _fitted(columns, available):
            return environment, [panel]
    key = 0
    while key < len(columns) - 1 and columns[key].text and _total([column.least for column in columns[: key + 1]]) < PAGE / 3:
        key += 1
    for count in range(2, len(columns) - key + 1):
        ends = [key + round((len(columns) - key) * part / count) for part in range(count + 1)]
        panels = [_fitted([*columns[:key], *columns[start:end]], PAGE) for start, end in pairwise(ends)]
        if all(panels):
            return "table*", panels
    squeezed = [_Panel((*columns[:key], column), _allotted([*columns[:key], column], PAGE)) for column in columns[key:]]
    return "table*", squeezed


def _fitted(columns: Sequence[_Column], available: float) -> _Panel | None:
    """The columns side by side, those of text wrapped where they must be; None if they do not fit."""
    if _total([column.natural for column in columns]) <= available:
        return _Panel(tuple(columns), (None,) * len(columns))
    if _total([column.least for column in columns]) > available:
        return None
    panel = _Panel(tuple(columns), _allotted(columns, available))
    lines = [column.natural / width for column, width in zip(columns, panel.widths, strict=True) if width]
    return panel if max(lines) <= _MOST_LINES[available] else None


def _allotted(columns: Sequence[_Column], available: float) -> tuple[float | None, ...]:
    """Widths of columns that must be wrapped: the narrow ones keep theirs, the others share what is left."""
    left = available - _GAP * (len(columns) - 1) - sum(column.natural for column in columns if not column.text)
    texts = sorted((column for column in columns if column.text), key=lambda column: column.natural)
    widths: dict[int, float] = {}
    for position, column in enumerate(texts):
        needed = sum(other.least for other in texts[position + 1 :])
        share = min(left / (len(texts) - position), left - needed)
        widths[id(column)] = min(column.natural, max(column.least, share))
        left -= widths[id(column)]
    return tuple(widths[id(column)] if column.text and widths[id(column)] < column.natural else None for column in columns)


# ---------------------------------------------------------------- heights


def _lines(column: _Column, width: float | None, row: int) -> float:
    """Height of a cell in points."""
    cell = column.cells[row]
    if width is None:
        return _LEADING + _SMALL_LEADING * (len(cell) - 1)
    return sum(
        math.ceil(text_width(line, _SIZE) / width * 1.1) * (_SMALL_LEADING if below else _LEADING) for below, line in enumerate(cell)
    )


def _tall(panel: _Panel) -> bool:
    """Whether a row has several lines."""
    return any(
        width is not None or any(len(cell) > 1 for cell in column.cells) for column, width in zip(panel.columns, panel.widths, strict=True)
    )


def _height(panel: _Panel, groups: Sequence[str], rows: range) -> float:
    heading = _LEADING * max(map(len, _headings_of(panel))) + 24.0
    headed = sum(groups[row] != groups[row - 1] or row == rows.start for row in rows) if any(groups) else 0
    cells = [
        max(_lines(column, width, row) for column, width in zip(panel.columns, panel.widths, strict=True)) + _BETWEEN * _tall(panel)
        for row in rows
    ]
    return heading + headed * (_LEADING + 4.0) + sum(cells)


def _height_of_text(text: str, width: float) -> float:
    return math.ceil(text_width(text, _SMALL) / width * 1.1) * _SMALL_LEADING


def _chunks(panel: _Panel, groups: Sequence[str], room: float) -> Iterator[range]:
    """Rows that fit one page, whole groups where these fit."""
    start, count = 0, len(groups)
    while start < count:
        end = start + 1
        while end < count and _height(panel, groups, range(start, end + 1)) <= room:
            end += 1
        if end < count and any(groups):
            edge = next((row for row in range(end, start, -1) if groups[row] != groups[row - 1]), end)
            end = edge
        yield range(start, end)
        start = end


# ---------------------------------------------------------------- writing


def _float(bodies: Sequence[str], caption: str, note: str, environment: str) -> str:
    lines = [
        rf"\begin{{{environment}}}[t]",
        CENTRED,
        caption,
        rf"\fontsize{{8}}{{9.6}}\selectfont\setlength{{\tabcolsep}}{{{_GAP / 2:g}pt}}%",
    ]
    lines.append("\n\\par\\medskip\n".join(bodies))
    if note:
        lines.append(rf"\par\smallskip\parbox{{\linewidth}}{{\fontsize{{7}}{{8.4}}\selectfont\raggedright {latex(note)}}}")
    return "\n".join([*filter(None, lines), rf"\end{{{environment}}}", ""])


def _with(caption: str, more: str) -> str:
    """A caption with something in brackets, before its full stop."""
    return f"{caption.removesuffix('.')} ({more}){'.' * caption.endswith('.')}"


def _caption(text: str, label: str, *, again: bool = False) -> str:
    counted = r"\addtocounter{table}{-1}" if again else ""
    return f"{counted}\\caption{{{latex(text)}}}" + (f"\\label{{{label}}}" if label else "")


def _tabular(panel: _Panel, groups: Sequence[str], rows: range) -> str:
    count, tall = len(panel.columns), _tall(panel)
    kinds = "".join("l" if column.text else "c" for column in panel.columns)
    lines = [rf"\begin{{tabular}}{{@{{}}{kinds}@{{}}}}", r"\toprule", *_headings(panel)]
    for row in rows:
        if groups[row] and (row == rows.start or groups[row] != groups[row - 1]):
            if row > rows.start:
                lines.append(r"\addlinespace")
            title = rf"\parbox[t]{{{panel.width:.1f}pt}}{{\raggedright\emph{{{latex(groups[row])}}}}}"
            lines.append(rf"\multicolumn{{{count}}}{{@{{}}l@{{}}}}{{{title}}} \\")
        cells = [_cell(column, width, row) for column, width in zip(panel.columns, panel.widths, strict=True)]
        lines.append(" & ".join(cells) + (rf" \\[{_BETWEEN:g}pt]" if tall else r" \\"))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _headings(panel: _Panel) -> list[str]:
    lines = []
    if any(column.spanner for column in panel.columns):
        above, rules, position = [], [], 0
        while position < len(panel.columns):
            spanner, end = panel.columns[position].spanner, position + 1
            while spanner and end < len(panel.columns) and panel.columns[end].spanner == spanner:
                end += 1
            above.append(rf"\multicolumn{{{end - position}}}{{c}}{{{latex(spanner)}}}" if spanner else "")
            rules += [rf"\cmidrule(lr){{{position + 1}-{end}}}"] if spanner else []
            position = end
        lines += [" & ".join(above) + r" \\", "".join(rules)]
    headings = _headings_of(panel)
    tall = max(map(len, headings))
    for line in range(tall):
        shown = ["" if line < tall - len(heading) else latex(heading[line - tall + len(heading)]) for heading in headings]
        lines.append(" & ".join(shown) + r" \\")
    return [*lines, r"\midrule"]


def _headings_of(panel: _Panel) -> list[tuple[str, ...]]:
    """Lines of each column's heading, wrapped where the column is."""
    return [
        column.heading if width is None else tuple(_wrapped(column.heading[0], width))
        for column, width in zip(panel.columns, panel.widths, strict=True)
    ]


def _cell(column: _Column, width: float | None, row: int) -> str:
    first, *below = column.cells[row]
    small = [rf"\fontsize{{7}}{{8.4}}\selectfont {latex(line)}" for line in below]
    if width is not None:
        lines = r"\par ".join([latex(first), *small])
        return rf"\parbox[t]{{{width:.1f}pt}}{{\raggedright {lines}\strut}}"
    if not below:
        return latex(first)
    side = "l" if column.text else "c"
    stack = r"\\ ".join([latex(first), *small])
    return rf"\begin{{tabular}}[t]{{@{{}}{side}@{{}}}}{stack}\end{{tabular}}"
