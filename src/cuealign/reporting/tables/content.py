"""A finished table: written as CSV for programs, LaTeX for papers and Markdown for people."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from cuealign.config.entries.grid import Experiment

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
    "−": "$-$",
    "Δ": r"$\Delta$",
    "±": r"$\pm$",
    "⁻": "$^-$",
    "⁺": "$^+$",
    "–": "--",
    "ρ": r"$\rho$",
}


@dataclass(frozen=True)
class TableContent:
    """A table with its caption.

    Attributes:
        caption: plain text.
        values: for the CSV: full precision, one column per quantity.
        display: for people: text cells, same order of rows; its columns may differ.
        note: shown below the table, or in its place where there is no row.
    """

    caption: str
    values: pd.DataFrame
    display: pd.DataFrame
    note: str = ""

    def csv(self) -> str:
        """Comma-separated values."""
        return self.values.to_csv(index=False, float_format="%.6g", lineterminator="\n")

    def md(self) -> str:
        """Markdown, the caption above."""
        lines = [f"**{self.caption}**", ""]
        if len(self.display):
            lines += [self.display.map(_md).to_markdown(index=False, tablefmt="github", disable_numparse=True), ""]
        if self.note:
            lines += [self.note, ""]
        return "\n".join(lines)

    def tex(self) -> str:
        """LaTeX ``table`` environment, with booktabs rules."""
        lines = [r"\begin{table}[t]", r"\centering", rf"\caption{{{_tex(self.caption)}}}"]
        if len(self.display):
            columns = "l" + "r" * (len(self.display.columns) - 1)
            rows = self.display.map(_tex).rename(columns=_tex)
            lines.append(rows.style.hide(axis="index").to_latex(column_format=columns, hrules=True).rstrip())
        if self.note:
            lines.append(rf"\par\smallskip\footnotesize {_tex(self.note)}")
        return "\n".join([*lines, r"\end{table}", ""])


def _md(text: str) -> str:
    return re.sub(r"([|_*`<$\\])", r"\\\1", text)


def _tex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def find_published(published: pd.DataFrame, experiment: Experiment, measure: str, **where: str) -> float:
    """The paper's value of a measure in an experiment, NaN where it reports none.

    Args:
        published: ``resources/published.csv``.
        experiment: dataset, split and model.
        measure: such as ``uar`` or ``delta``.
        where: further columns with their values, such as the intervention.
    """
    wanted = {"dataset": experiment.dataset, "split": experiment.split, "model": experiment.model, "measure": measure, **where}
    match = published
    for column, value in wanted.items():
        match = match[match[column] == value]
    return float(match["value"].iloc[0]) if len(match) else float("nan")


def number(value: float, digits: int = 3) -> str:
    """Write a share as papers do, such as .754; a missing value gives a dash."""
    if pd.isna(value):
        return "–"
    text = f"{abs(value):.{digits}f}".removeprefix("0")
    return f"−{text}" if value < 0 and float(f"{value:.{digits}f}") != 0 else text


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign: +.022."""
    text = number(value, digits)
    return text if text[0] in "−–" else f"+{text}"


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """A confidence interval: [.731, .779]."""
    shown = signed if sign else number
    return "–" if pd.isna(low) else f"[{shown(low)}, {shown(high)}]"


def with_interval(values: pd.DataFrame, name: str, *, shown: Callable[[float], str]) -> list[str]:
    """Cells of a quantity with its interval, from the columns ``name``, ``name_low`` and ``name_high``."""
    columns = values[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False, name=None)
    return [f"{shown(value)}{'' if pd.isna(low) else ' ' + interval(low, high, sign=shown is signed)}" for value, low, high in columns]


def p_value(value: float) -> str:
    """A p-value: .014, or 4e-07 where it is smaller; one beyond the range of numbers is <1e-300, and none is 0."""
    if pd.isna(value):
        return "–"
    if value < 1e-300:
        return "<1e-300"
    return number(value, 4) if value >= 1e-4 else f"{value:.0e}"
