"""Correct tokens against every perturbation, and every perturbation against audio-only."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cuealign.config.entries.grid import Experiment, GridRun
from cuealign.core.registry import PluginOptions
from cuealign.core.text import counted
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS, INTERVALS
from cuealign.interventions.conditions import condition_title, parse_condition_id
from cuealign.reporting.numbers import below_value, interval, number, p_value, signed, stacked
from cuealign.reporting.published import find_published
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.unmoved import folded

CAPTION = "Correct tokens against every perturbation, and every perturbation against the audio-only prompt."
NEEDS = ("conditions", "comparisons", "trend")

_PUBLISHED = {
    **{"delta": "published_delta", "ci_low": "published_low", "ci_high": "published_high", "mcnemar_p": "published_p"},
    **{"mcnemar_p_below": "published_p_below", "holm_paper_p_below": "published_holm_below"},
}
COLUMNS = [
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


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether a perturbation is run."""
    return any(run.intervention not in ("none", "correct") for run in runs)


def build(results: Results, published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per comparison of each model and split that ran a perturbation."""
    parts = []
    for experiment in results.select():
        table = results.comparisons(experiment)
        if ((table["a"] != "correct") | (table["b"] != "none")).any():  # more than correct against audio-only
            table = table.assign(dataset=experiment.dataset, split=experiment.split, model=experiment.model)
            theirs = pd.DataFrame([_theirs(results, published, experiment, row.a, row.b) for row in table.itertuples()])
            uar = results.summary(experiment)["uar"]
            ours = {f"uar_{side}": [uar[parse_condition_id(condition)] for condition in table[side]] for side in ("a", "b")}
            parts.append(table.assign(**ours, **theirs, deviation=table["delta"] - theirs["published_delta"]))
    caption = "Token interventions: differences in UAR."
    if not parts:
        empty = pd.DataFrame(columns=COLUMNS)
        return TableContent(caption, empty, empty, "No perturbation in this study's grid.")
    values = pd.concat(parts, ignore_index=True)[COLUMNS]
    return TableContent(
        caption,
        values,
        _display(results, values),
        " ".join(filter(None, [_note(results, values), *_trends(results, published), results.not_compared(published, results.select())])),
        row_groups=("Dataset", "Split", "Model"),
        cautions=tuple(results.cautions()),
    )


def _display(results: Results, values: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison; one for all of a model for which every difference is exactly 0."""
    rows = list(values.itertuples())
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [results.models[name].title for name in values["model"]],
            "Comparison": [f"{_title(row.a)} − {_title(row.b)}" for row in rows],
            "UAR": [f"{number(row.uar_a)} − {number(row.uar_b)}" for row in rows],
            "Δ UAR": [stacked(signed(row.delta), interval(row.ci_low, row.ci_high, sign=True)) for row in rows],
            f"{results.level} CI (t)": [interval(row.t_low, row.t_high, sign=True) for row in rows],
            f"{results.level} CI (sessions)": [interval(row.session_low, row.session_high, sign=True) for row in rows],
            "p": [p_value(value) for value in values["mcnemar_p"]],
            "p (paper's Holm)": [p_value(value) for value in values["holm_paper_p"]],
            "p (Holm)": [p_value(value) for value in values["holm_p"]],
            "p (swap)": [p_value(value) for value in values["swap_p"]],
            "p (swap, Holm)": [p_value(value) for value in values["swap_holm_p"]],
            "Detectable": [number(value) for value in values["detectable"]],
            "Paper": [_published(row) for row in rows],
        }
    )
    reported = values[["published_delta", "published_uar"]].notna().any(axis=1)
    display = folded(display, (values["delta"] == 0) & ~reported, "Comparison", "exactly 0")
    return display[[name for name in display if (display[name] != "–").any()]]


def _note(results: Results, values: pd.DataFrame) -> str:
    """What the columns mean, as far as they occur."""
    said = [
        f"{results.sample()}. Perturbations with several seeds: UAR averaged over seeds; McNemar per seed, the largest p shown. McNemar "
        f"tests correctness per utterance, not UAR: p and interval may disagree. In brackets below a difference: {results.level} "
        f"percentiles of a bootstrap over speakers, {counted(results.statistics.resamples, 'resample')}, as in the paper; t: "
        "jackknife-t over speakers. "
        "Holm: over all comparisons of a model and split; paper's Holm: over perturbations at full strength, against audio-only and "
        "correct tokens. Swap: permutation of both conditions within speakers, of UAR itself. Detectable: the smallest difference found "
        "with a power of 80%."
    ]
    if values["session_low"].notna().any():
        said.append("Sessions: jackknife-t over recording sessions; swaps of five of them cannot give a p below .0625.")
    if values["ci_low"].isna().any():
        said.append(f"No interval and no test by speaker with fewer than {FEWEST_SPEAKERS} speakers.")
    if values[["published_delta", "published_uar"]].notna().any(axis=None):
        said.append("Paper: the published difference, and ours minus theirs.")
    return " ".join(said)


def _theirs(results: Results, published: pd.DataFrame, experiment: Experiment, a: str, b: str) -> dict[str, float]:
    """What the paper reports of a comparison."""
    comparable = results.comparable(published, experiment, *(parse_condition_id(condition)[0] for condition in (a, b)))
    found = {name: find_published(comparable, experiment, measure, a=a, b=b) for measure, name in _PUBLISHED.items()}
    intervention, p = parse_condition_id(a)
    return found | {"published_uar": find_published(comparable, experiment, "uar", intervention=intervention, p=p)}


def _published(row: Any) -> str:
    """The paper's difference with its interval, ours minus theirs, and its p."""
    delta = "" if pd.isna(row.published_delta) else f"{signed(row.published_delta)} ({signed(row.deviation)})"
    ends = interval(row.published_low, row.published_high, sign=True)
    p = "" if pd.isna(row.published_p) else f"p {p_value(row.published_p)}"
    below = "" if pd.isna(row.published_p_below) else f"p < {below_value(row.published_p_below)}"
    holm = "" if pd.isna(row.published_holm_below) else f"Holm p < {number(row.published_holm_below, 2)}"
    uar = "" if pd.isna(row.published_uar) or row.b != "none" else f"UAR {number(row.published_uar)}"
    return stacked(delta, ends, uar, p, below, holm)


def _title(condition: str) -> str:
    return condition_title(*parse_condition_id(condition))


def _trends(results: Results, published: pd.DataFrame) -> list[str]:
    """One sentence per experiment and intervention of which UAR was measured at several strengths."""
    sentences = []
    for experiment in results.select():
        for trend in results.trends(experiment).itertuples():
            if pd.isna(trend.spearman_rho):
                continue
            sentence = f"{results.models[experiment.model].title} on {results.datasets[experiment.dataset].title} ({experiment.split}):"
            sentence += f" Spearman ρ of UAR and p {number(trend.spearman_rho, 2)}, p {p_value(trend.spearman_p)}, {trend.n:.0f} runs"
            comparable = results.comparable(published, experiment, trend.intervention)
            theirs = find_published(comparable, experiment, "spearman_rho", intervention=trend.intervention)
            below = find_published(comparable, experiment, "spearman_p_below", intervention=trend.intervention)
            published_p = "" if pd.isna(below) else f", p < {below_value(below)}"
            sentences.append(sentence + ("." if pd.isna(theirs) else f"; published {number(theirs, 2)}{published_p}."))
    return sentences
