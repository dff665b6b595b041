"""Correct tokens against every perturbation, and every perturbation against audio-only."""

from typing import Any

import pandas as pd

from cuealign.config.entries.grid import Experiment
from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS, INTERVALS
from cuealign.interventions.conditions import condition_title, parse_condition_id
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent, find_published, interval, number, p_value, signed

CAPTION = "Correct tokens against every perturbation, and every perturbation against the audio-only prompt."
NEEDS = ("conditions", "comparisons", "trend")

_PUBLISHED = {
    **{"delta": "published_delta", "ci_low": "published_low", "ci_high": "published_high", "mcnemar_p": "published_p"},
    **{"mcnemar_p_below": "published_p_below", "holm_paper_p_below": "published_holm_below"},
}
_COLUMNS = [
    *(
        "dataset",
        "split",
        "model",
        "a",
        "b",
        "uar_a",
        "uar_b",
        "delta",
        *INTERVALS,
        "mcnemar_p",
        "holm_paper_p",
        "holm_p",
        "swap_p",
        "swap_holm_p",
    ),
    *("detectable", *_PUBLISHED.values(), "published_uar", "deviation"),
]


def build(results: Results, published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per comparison of each model and split that ran a perturbation."""
    parts = []
    for experiment in results.select():
        table = results.metrics(experiment, "comparisons")
        if ((table["a"] != "correct") | (table["b"] != "none")).any():  # more than correct against audio-only
            table = table.assign(dataset=experiment.dataset, split=experiment.split, model=experiment.model)
            theirs = pd.DataFrame([_theirs(results, published, experiment, row.a, row.b) for row in table.itertuples()])
            uar = results.summary(experiment)["uar"]
            ours = {f"uar_{side}": [uar[parse_condition_id(condition)] for condition in table[side]] for side in ("a", "b")}
            parts.append(table.assign(**ours, **theirs, deviation=table["delta"] - theirs["published_delta"]))
    caption = f"Token interventions: differences in UAR, speaker-clustered {results.level} intervals, exact McNemar,"
    caption += " Holm-corrected per model and split."
    if not parts:
        empty = pd.DataFrame(columns=_COLUMNS)
        return TableContent(caption, empty, empty, "No perturbation in this study's grid.")
    values = pd.concat(parts, ignore_index=True)[_COLUMNS]
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [results.models[name].title for name in values["model"]],
            "Comparison": [f"{_title(row.a)} − {_title(row.b)}" for row in values.itertuples()],
            "UAR": [f"{number(row.uar_a)} − {number(row.uar_b)}" for row in values.itertuples()],
            "Δ UAR": [signed(value) for value in values["delta"]],
            f"{results.level} CI": [interval(row.ci_low, row.ci_high, sign=True) for row in values.itertuples()],
            f"{results.level} CI (t)": [interval(row.t_low, row.t_high, sign=True) for row in values.itertuples()],
            "p": [p_value(value) for value in values["mcnemar_p"]],
            "p (paper's Holm)": [p_value(value) for value in values["holm_paper_p"]],
            "p (Holm)": [p_value(value) for value in values["holm_p"]],
            "p (swap)": [p_value(value) for value in values["swap_p"]],
            "p (swap, Holm)": [p_value(value) for value in values["swap_holm_p"]],
            "Detectable": [number(value) for value in values["detectable"]],
        }
    )
    if values["session_low"].notna().any():
        where = list(display.columns).index(f"{results.level} CI (t)") + 1
        ends = [interval(row.session_low, row.session_high, sign=True) for row in values.itertuples()]
        display.insert(where, f"{results.level} CI (sessions)", ends)
    if values[[*_PUBLISHED.values(), "published_uar"]].notna().any(axis=None):
        display["Published"] = [_published(row) for row in values.itertuples()]
    note = "Perturbations with several seeds: UAR averaged over seeds; McNemar per seed, the largest p shown."
    note += " McNemar tests correctness per utterance, not UAR: p and interval may disagree. CI: percentiles of a bootstrap over"
    note += " speakers, as in the paper; t: jackknife-t over speakers. Paper's Holm: over perturbations at full strength, against"
    note += " audio-only and correct tokens. Swap: permutation of both conditions within speakers, of UAR itself."
    note += " Detectable: the smallest difference found with a power of 80%."
    if values["session_low"].notna().any():
        note += " Sessions: jackknife-t over recording sessions; swaps of five of them cannot give a p below .0625."
    if values["ci_low"].isna().any():
        note += f" No interval and no test by speaker with fewer than {FEWEST_SPEAKERS} speakers."
    said = [note, *_trends(results, published), results.not_compared(published, results.select()), results.cautions()]
    return TableContent(caption, values, display, " ".join(filter(None, said)))


def _theirs(results: Results, published: pd.DataFrame, experiment: Experiment, a: str, b: str) -> dict[str, float]:
    """What the paper reports of a comparison."""
    comparable = results.comparable(published, experiment, *(parse_condition_id(condition)[0] for condition in (a, b)))
    found = {name: find_published(comparable, experiment, measure, a=a, b=b) for measure, name in _PUBLISHED.items()}
    intervention, p = parse_condition_id(a)
    return found | {"published_uar": find_published(comparable, experiment, "uar", intervention=intervention, p=p)}


def _published(row: Any) -> str:
    """The paper's difference with its interval, ours minus theirs, and its p."""
    delta = "" if pd.isna(row.published_delta) else f"{signed(row.published_delta)} ({signed(row.deviation)})"
    ends = "" if pd.isna(row.published_low) else interval(row.published_low, row.published_high, sign=True)
    p = "" if pd.isna(row.published_p) else f"p {p_value(row.published_p)}"
    below = "" if pd.isna(row.published_p_below) else f"p < {row.published_p_below:g}"
    holm = "" if pd.isna(row.published_holm_below) else f"Holm p < {number(row.published_holm_below, 2)}"
    uar = "" if pd.isna(row.published_uar) or row.b != "none" else f"UAR {number(row.published_uar)}"
    return "; ".join(filter(None, [" ".join(filter(None, [delta, ends])), uar, p, below, holm])) or "–"


def _title(condition: str) -> str:
    return condition_title(*parse_condition_id(condition))


def _trends(results: Results, published: pd.DataFrame) -> list[str]:
    """One sentence per experiment and intervention of which UAR was measured at several strengths."""
    sentences = []
    for experiment in results.select():
        for trend in results.metrics(experiment, "trend").itertuples():
            if pd.isna(trend.spearman_rho):
                continue
            sentence = f"{results.models[experiment.model].title} on {results.datasets[experiment.dataset].title} ({experiment.split}):"
            sentence += f" Spearman ρ of UAR and p {number(trend.spearman_rho, 2)}, p {p_value(trend.spearman_p)}, {trend.n:.0f} runs"
            comparable = results.comparable(published, experiment, trend.intervention)
            theirs = find_published(comparable, experiment, "spearman_rho", intervention=trend.intervention)
            below = find_published(comparable, experiment, "spearman_p_below", intervention=trend.intervention)
            published_p = "" if pd.isna(below) else f", p < {below:g}"
            sentences.append(sentence + ("." if pd.isna(theirs) else f"; published {number(theirs, 2)}{published_p}."))
    return sentences
