"""A finished table: CSV for programs, LaTeX for papers, Markdown for people, JSON for the results page."""

import json
from dataclasses import dataclass

import pandas as pd

from cuealign.reporting import escaping
from cuealign.reporting.tables.latex import Layout, environments


@dataclass(frozen=True)
class TableContent:
    """A table with its caption.

    Attributes:
        caption: plain text.
        values: for the CSV: full precision, one column per quantity.
        display: for people: cells of text, of which a line feed begins a further line, such as the interval below its value. Rows and
            columns may differ from those of the values.
        note: shown below the table, or in its place where there is no row.
        row_groups: columns of the display that head groups of rows in print, instead of being columns there.
        spanners: beginnings of the names of columns that stand together below one heading in print, such as those of a split.
        cautions: sentences that belong beside the numbers.
    """

    caption: str
    values: pd.DataFrame
    display: pd.DataFrame
    note: str = ""
    row_groups: tuple[str, ...] = ("Dataset", "Split")
    spanners: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def csv(self) -> str:
        """Comma-separated values."""
        return self.values.map(escaping.csv).to_csv(index=False, float_format="%.6g", lineterminator="\n")

    def md(self) -> str:
        """Markdown, the caption above."""
        lines = [f"**{escaping.markdown(self.caption)}**", ""]
        if len(self.display):
            cells = self.display.map(escaping.markdown).rename(columns=escaping.markdown)
            lines += [cells.to_markdown(index=False, tablefmt="github", disable_numparse=True), ""]
        lines += [f"{escaping.markdown(text)}\n" for text in (self.note, *map(_caution, self.cautions)) if text]
        return "\n".join(lines)

    def tex(self, label: str = "") -> str:
        """LaTeX environments ``table``, or ``table*`` where the table needs both columns of a page; needs the package booktabs.

        Args:
            label: for a reference to the table; none if empty.
        """
        below = " ".join(filter(None, [self.note, *map(_caution, self.cautions)]))
        layout = Layout([name for name in self.row_groups if name in self.display], self.spanners)
        return environments(self.caption, self.display, below, layout, label)

    def json(self) -> str:
        """What people see, as the results page reads it: caption, note, cautions, and text cells in columns and rows."""
        shown = self.display.map(escaping.one_line)
        content = {
            "caption": self.caption,
            "note": self.note,
            "cautions": list(self.cautions),
            "columns": list(shown.columns),
            "rows": shown.to_numpy().tolist(),
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _caution(text: str) -> str:
    return f"Caution: {text}"
