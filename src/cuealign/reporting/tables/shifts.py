"""Where answers go under each condition: towards neutral, and away from those to correct tokens and to the audio alone."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.interventions.conditions import condition_title
from cuealign.reporting.numbers import number, signed, with_interval
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.unmoved import folded

CAPTION = "Where answers go under each condition: towards neutral, and away from the answers to correct tokens and to the audio alone."
NEEDS = ("conditions", "shifts")

_QUANTITIES = {
    "share_of_predictions": "neutral",
    "share_of_errors": "neutral_of_errors",
    "changed_from_correct": "changed_from_correct",
    "changed_from_none": "changed_from_none",
}
_ENDS = ("value", "delta", "low", "high")
COLUMNS = [
    *("dataset", "split", "model", "intervention", "p"),
    *(f"{name}{'' if end == 'value' else '_' + end}" for name in ("neutral", "neutral_of_errors") for end in _ENDS),
    *("changed_from_correct", "changed_from_none"),
]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model, split and condition."""
    rows = []
    for experiment in results.select():
        for (intervention, p), found in results.metrics(experiment, "shifts").groupby(["intervention", "p"], sort=False):
            row = {
                "dataset": experiment.dataset,
                "split": experiment.split,
                "model": experiment.model,
                "intervention": intervention,
                "p": p,
            }
            for quantity in found[found["quantity"].isin(list(_QUANTITIES))].itertuples():
                name = _QUANTITIES[quantity.quantity]
                row |= {f"{name}{'' if end == 'value' else '_' + end}": getattr(quantity, end) for end in _ENDS}
            rows.append(row)
    values = pd.DataFrame(rows, columns=COLUMNS)
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [results.models[name].title for name in values["model"]],
            "Condition": [condition_title(row.intervention, row.p) for row in values.itertuples()],
            "Neutral": [number(value) for value in values["neutral"]],
            "Δ neutral": with_interval(_deltas(values, "neutral"), "delta", shown=signed),
            "Neutral of errors": [number(value) for value in values["neutral_of_errors"]],
            "Δ neutral of errors": with_interval(_deltas(values, "neutral_of_errors"), "delta", shown=signed),
            "≠ correct": [number(value) for value in values["changed_from_correct"]],
            "≠ audio-only": [number(value) for value in values["changed_from_none"]],
        }
    )
    still = values[["neutral_delta", "neutral_of_errors_delta", "changed_from_correct", "changed_from_none"]].fillna(0).eq(0).all(axis=1)
    display = folded(display, still, "Condition", "no answer differs")
    note = (
        f"{results.sample()}. Shares of all predictions, and of wrong ones, that are neutral; Δ against correct tokens, in brackets the "
        f"{results.level} jackknife-t interval over speakers. ≠: share of predictions that differ from those to correct tokens and to the "
        "audio alone. Means over seeds. The share of each prediction, the recall of each class and the UAR of each session are in "
        "shifts.csv of each model."
    )
    return TableContent(
        "Shift of answers under each condition.",
        values,
        display,
        note,
        row_groups=("Dataset", "Split", "Model"),
        cautions=tuple(results.cautions()),
    )


def _deltas(values: pd.DataFrame, name: str) -> pd.DataFrame:
    """Differences of a quantity with their intervals."""
    return values.rename(columns={f"{name}_delta": "delta", f"{name}_low": "delta_low", f"{name}_high": "delta_high"})
