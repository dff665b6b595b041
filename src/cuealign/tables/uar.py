"""UAR with and without aligned tokens, for every model and split of the study; also the rows of Tables II and III."""

from collections.abc import Sequence

import pandas as pd

from cuealign.study import Cell, Study
from cuealign.tables.content import TableContent, find_published, interval, number, p_value, signed

_COLUMNS = [
    *("dataset", "split", "group", "model", "n", "uar_none", "none_low", "none_high", "uar_correct", "correct_low", "correct_high"),
    *("delta", "delta_low", "delta_high", "mcnemar_p", "published_none", "published_correct", "deviation_none", "deviation_correct"),
]


def build(study: Study, published: pd.DataFrame) -> TableContent:
    """One row per cell of the study."""
    values = rows(study, study.select(), published)
    return TableContent(
        "UAR without (UAR⁻) and with (UAR⁺) aligned concept tokens, Δ = UAR⁺ − UAR⁻.", values, _display(values), notes(study, values)
    )


def rows(study: Study, cells: Sequence[Cell], published: pd.DataFrame) -> pd.DataFrame:
    """UAR of each cell with the published value beside it where the paper ran the same cell, and this study all of it."""
    found = []
    for cell in cells:
        comparable = published if study.is_published(cell) else published.iloc[:0]
        summary, comparisons = study.summary(cell), study.metrics(cell, "comparisons")
        none, correct = (summary.loc[(name, "0")] if (name, "0") in summary.index else None for name in ("none", "correct"))
        gain = comparisons[(comparisons["a"] == "Correct") & (comparisons["b"] == "Audio only")]
        row = {
            "dataset": study.datasets[cell.dataset]["title"],
            "split": cell.split,
            "group": study.models[cell.model]["group"],
            "model": study.models[cell.model]["title"],
            "n": int(summary["n"].iloc[0]),
        }
        for name, values in (("none", none), ("correct", correct)):
            if values is not None:
                row |= {f"uar_{name}": values["uar"], f"{name}_low": values["ci_low"], f"{name}_high": values["ci_high"]}
            theirs = find_published(comparable, cell, "uar", intervention=name)
            row[f"published_{name}"] = theirs
            row[f"deviation_{name}"] = float("nan") if values is None else values["uar"] - theirs
        if len(gain):
            row |= {
                "delta": gain["delta"].iloc[0],
                "delta_low": gain["ci_low"].iloc[0],
                "delta_high": gain["ci_high"].iloc[0],
                "mcnemar_p": gain["mcnemar_p"].iloc[0],
            }
        found.append(row)
    return pd.DataFrame(found, columns=_COLUMNS)


def notes(study: Study, values: pd.DataFrame, dataset: str | None = None) -> str:
    """What the columns mean, as far as they occur, and the cautions of the corpora."""
    note = f"In brackets: {study.level} interval of a bootstrap over speakers. p: exact McNemar test of UAR⁺ against UAR⁻."
    if values[["published_none", "published_correct"]].notna().any(axis=None):
        note += " Published: the paper's value, and ours minus theirs."
    return f"{note} {study.cautions(dataset=dataset)}".strip()


def _display(values: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([values[["dataset", "split"]].rename(columns=str.capitalize), display(values)], axis=1)


def display(values: pd.DataFrame) -> pd.DataFrame:
    """Text cells of the columns that all UAR tables share."""
    table = pd.DataFrame(
        {
            "Model": values["model"],
            "UAR⁻": [f"{number(row.uar_none)} {interval(row.none_low, row.none_high)}" for row in values.itertuples()],
            "UAR⁺": [f"{number(row.uar_correct)} {interval(row.correct_low, row.correct_high)}" for row in values.itertuples()],
            "Δ": [f"{signed(row.delta)} {interval(row.delta_low, row.delta_high, sign=True)}" for row in values.itertuples()],
            "p": [p_value(value) for value in values["mcnemar_p"]],
        }
    ).replace("– –", "–")
    for name, mark in (("none", "⁻"), ("correct", "⁺")):
        if values[f"published_{name}"].notna().any():
            table[f"Published UAR{mark}"] = [
                "–" if pd.isna(theirs) else f"{number(theirs)} ({signed(ours)})"
                for theirs, ours in zip(values[f"published_{name}"], values[f"deviation_{name}"], strict=True)
            ]
    return table
