"""Rows that all tables of UAR share, and how they are shown."""

from collections.abc import Sequence

import pandas as pd

from cuealign.config.entries.grid import Experiment
from cuealign.core.text import counted
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS
from cuealign.reporting.numbers import interval, number, p_value, signed, stacked
from cuealign.reporting.published import find_published
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

BY_SESSION = "UAR⁻ by session"
"""Column of contrastive systems, whose published values are made so."""

COLUMNS = [
    *("dataset", "split", "heading", "model", "n", "uar_none", "none_low", "none_high", "uar_correct", "correct_low", "correct_high"),
    *("delta", "delta_low", "delta_high", "mcnemar_p", "published_none", "published_correct", "deviation_none", "deviation_correct"),
    *("uar_none_mean_of_sessions", "deviation_none_mean_of_sessions"),
]


def of_dataset(results: Results, published: pd.DataFrame, dataset: str, caption: str, remark: str = "") -> TableContent:
    """Table of one of the paper's corpora, its splits side by side and its models below their headings.

    Args:
        results: of the study.
        published: ``resources/published.csv``.
        dataset: id of the corpus.
        caption: of the table.
        remark: goes into the note.
    """
    values = rows(results, results.select(dataset=dataset), published)
    if len(values) == 0:
        return TableContent(caption, values, values, f"No run of the dataset {dataset!r} in this study's grid.")
    splits = list(dict.fromkeys(values["split"]))
    return TableContent(
        caption,
        values,
        _side_by_side(display(results, values), values, splits),
        notes(results, values, published, dataset, remark),
        row_groups=("Type",),
        spanners=tuple(splits),
        cautions=tuple(results.cautions(dataset=dataset)),
    )


def _side_by_side(shown: pd.DataFrame, values: pd.DataFrame, splits: Sequence[str]) -> pd.DataFrame:
    """One row per model, with the columns of every split beside each other; a dash where a model did not run."""
    by_split = {split: shown[values["split"] == split].set_index(values.loc[values["split"] == split, "model"]) for split in splits}
    models = pd.Index(dict.fromkeys(values["model"]))
    named = pd.concat(by_split.values()).loc[:, ["Type", "Model"]]
    parts = [named[~named.index.duplicated()].reindex(models)]
    for split, table in by_split.items():
        parts.append(table.drop(columns=["Type", "Model"]).reindex(models, fill_value="–").add_prefix(f"{split} "))
    return pd.concat(parts, axis=1).sort_values("Type", key=lambda types: types.map(list(dict.fromkeys(types)).index), kind="stable")


def rows(results: Results, experiments: Sequence[Experiment], published: pd.DataFrame) -> pd.DataFrame:
    """UAR of each experiment, with the published value beside it where the paper ran the same, and this study all of it."""
    found = []
    for experiment in experiments:
        comparable = results.comparable(published, experiment)
        summary, comparisons = results.summary(experiment), results.comparisons(experiment)
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
    return pd.DataFrame(found, columns=COLUMNS)


def notes(results: Results, values: pd.DataFrame, published: pd.DataFrame, dataset: str | None = None, remark: str = "") -> str:
    """What the columns mean, as far as they occur, and what is not compared with the paper."""
    drawn = counted(results.statistics.resamples, "resample")
    said = [f"{results.sample(dataset=dataset)}."]
    if values["none_low"].notna().any() or values["correct_low"].notna().any():
        said.append(f"In brackets: {results.level} interval of a bootstrap over speakers, {drawn}.")
    if values["mcnemar_p"].notna().any():
        said.append("p: exact McNemar test of UAR⁺ against UAR⁻.")
    if values["none_low"].isna().any() and values["uar_none"].notna().any():
        said.append(f"No interval with fewer than {FEWEST_SPEAKERS} speakers.")
    if values[["published_none", "published_correct"]].notna().any(axis=None):
        said.append("Paper: the published value, and ours minus theirs.")
    if _by_session(results, values).notna().any():
        said.append(f"{BY_SESSION}: mean of the UARs of the sessions, each by itself; beside a published value also ours minus theirs.")
    return " ".join(filter(None, [*said, remark, results.not_compared(published, results.select(dataset=dataset))]))


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
            "UAR⁻": _uar(values, "none"),
            "UAR⁺": _uar(values, "correct"),
            "Δ": [stacked(signed(row.delta), interval(row.delta_low, row.delta_high, sign=True)) for row in values.itertuples()],
            "p": [p_value(value) for value in values["mcnemar_p"]],
        }
    )
    if (means := _by_session(results, values)).notna().any():
        cells = [
            stacked(number(mean), "" if pd.isna(deviation) or pd.isna(mean) else f"({signed(deviation)})")
            for mean, deviation in zip(means, values["deviation_none_mean_of_sessions"], strict=True)
        ]
        table.insert(list(table.columns).index("UAR⁻") + 1, BY_SESSION, cells)
    return table


def _uar(values: pd.DataFrame, name: str) -> list[str]:
    """UAR, its interval, and the paper's value with ours minus theirs."""
    columns = (f"uar_{name}", f"{name}_low", f"{name}_high", f"published_{name}", f"deviation_{name}")
    return [
        stacked(number(uar), interval(low, high), "" if pd.isna(theirs) else f"paper {number(theirs)} ({signed(deviation)})")
        for uar, low, high, theirs, deviation in values[list(columns)].itertuples(index=False, name=None)
    ]
