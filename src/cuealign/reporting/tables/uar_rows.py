"""Rows that all tables of UAR share, and how they are shown."""

from collections.abc import Sequence

import pandas as pd

from cuealign.config.entries.grid import Experiment
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent, find_published, interval, number, p_value, signed

BY_SESSION = "UAR⁻ by session"
"""Column of contrastive systems, whose published values are made so."""

_COLUMNS = [
    *("dataset", "split", "heading", "model", "n", "uar_none", "none_low", "none_high", "uar_correct", "correct_low", "correct_high"),
    *("delta", "delta_low", "delta_high", "mcnemar_p", "published_none", "published_correct", "deviation_none", "deviation_correct"),
    *("uar_none_mean_of_sessions", "deviation_none_mean_of_sessions"),
]


def of_dataset(results: Results, published: pd.DataFrame, dataset: str, caption: str, remark: str = "") -> TableContent:
    """Table of one of the paper's corpora; says so where it was not run.

    Args:
        results: of the study.
        published: ``resources/published.csv``.
        dataset: id of the corpus.
        caption: of the table.
        remark: goes into the note, before the cautions.
    """
    values = rows(results, results.select(dataset=dataset), published)
    shown = pd.concat([values[["split"]].rename(columns=str.capitalize), display(results, values)], axis=1)
    if len(values) == 0:
        return TableContent(caption, values, shown, f"No run of the dataset {dataset!r} in this study's grid.")
    return TableContent(caption, values, shown, notes(results, values, published, dataset, remark))


def rows(results: Results, experiments: Sequence[Experiment], published: pd.DataFrame) -> pd.DataFrame:
    """UAR of each experiment, with the published value beside it where the paper ran the same, and this study all of it."""
    found = []
    for experiment in experiments:
        comparable = results.comparable(published, experiment)
        summary, comparisons = results.summary(experiment), results.metrics(experiment, "comparisons")
        none, correct = (summary.loc[(name, "0")] if (name, "0") in summary.index else None for name in ("none", "correct"))
        gain = comparisons[(comparisons["a"] == "correct") & (comparisons["b"] == "none")]
        row = {
            "dataset": experiment.dataset,
            "split": experiment.split,
            "heading": results.models[experiment.model].heading or results.models[experiment.model].kind,
            "model": experiment.model,
            "n": int(summary["n"].iloc[0]),
        }
        for name, values in (("none", none), ("correct", correct)):
            if values is not None:
                row |= {f"uar_{name}": values["uar"], f"{name}_low": values["ci_low"], f"{name}_high": values["ci_high"]}
            theirs = find_published(comparable, experiment, "uar", intervention=name)
            row[f"published_{name}"] = theirs
            row[f"deviation_{name}"] = float("nan") if values is None else values["uar"] - theirs
        if none is not None:
            row["uar_none_mean_of_sessions"] = none["uar_mean_of_sessions"]
            row["deviation_none_mean_of_sessions"] = none["uar_mean_of_sessions"] - row["published_none"]
        if len(gain):
            row |= {
                "delta": gain["delta"].iloc[0],
                "delta_low": gain["ci_low"].iloc[0],
                "delta_high": gain["ci_high"].iloc[0],
                "mcnemar_p": gain["mcnemar_p"].iloc[0],
            }
        found.append(row)
    return pd.DataFrame(found, columns=_COLUMNS)


def notes(results: Results, values: pd.DataFrame, published: pd.DataFrame, dataset: str | None = None, remark: str = "") -> str:
    """What the columns mean, as far as they occur, what is not compared with the paper, and the cautions of the corpora."""
    note = f"In brackets: {results.level} interval of a bootstrap over speakers. p: exact McNemar test of UAR⁺ against UAR⁻."
    if values["none_low"].isna().any() and values["uar_none"].notna().any():
        note += f" No interval with fewer than {FEWEST_SPEAKERS} speakers."
    if values[["published_none", "published_correct"]].notna().any(axis=None):
        note += " Published: the paper's value, and ours minus theirs."
    if _by_session(results, values).notna().any():
        note += f" {BY_SESSION}: mean of the UARs of the sessions, each by itself; beside a published value also ours minus theirs."
    unlike = results.not_compared(published, results.select(dataset=dataset))
    return " ".join(filter(None, [note, remark, unlike, results.cautions(dataset=dataset)]))


def _by_session(results: Results, values: pd.DataFrame) -> pd.Series:
    """Mean of the UARs of the sessions, of contrastive systems; missing for all others."""
    contrastive = [results.models[name].kind == "contrastive" for name in values["model"]]
    return values["uar_none_mean_of_sessions"].where(pd.Series(contrastive, index=values.index, dtype=bool))


def display(results: Results, values: pd.DataFrame) -> pd.DataFrame:
    """Text cells of the columns that all tables of UAR share."""
    table = pd.DataFrame(
        {
            "Type": values["heading"],
            "Model": [results.models[name].title for name in values["model"]],
            "UAR⁻": [f"{number(row.uar_none)} {interval(row.none_low, row.none_high)}" for row in values.itertuples()],
            "UAR⁺": [f"{number(row.uar_correct)} {interval(row.correct_low, row.correct_high)}" for row in values.itertuples()],
            "Δ": [f"{signed(row.delta)} {interval(row.delta_low, row.delta_high, sign=True)}" for row in values.itertuples()],
            "p": [p_value(value) for value in values["mcnemar_p"]],
        }
    ).replace("– –", "–")
    if (means := _by_session(results, values)).notna().any():
        table.insert(
            list(table.columns).index("UAR⁻") + 1,
            BY_SESSION,
            [
                number(mean) if pd.isna(deviation) or pd.isna(mean) else f"{number(mean)} ({signed(deviation)})"
                for mean, deviation in zip(means, values["deviation_none_mean_of_sessions"], strict=True)
            ],
        )
    for name, mark in (("none", "⁻"), ("correct", "⁺")):
        if values[f"published_{name}"].notna().any():
            table[f"Published UAR{mark}"] = [
                "–" if pd.isna(theirs) else f"{number(theirs)} ({signed(ours)})"
                for theirs, ours in zip(values[f"published_{name}"], values[f"deviation_{name}"], strict=True)
            ]
    return table
