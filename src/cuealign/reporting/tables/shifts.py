"""Where answers go under each condition: towards neutral, and away from those to correct tokens and to the audio alone."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.interventions.conditions import condition_title
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent, interval, number, signed

CAPTION = "Where answers go under each condition: towards neutral, and away from the answers to correct tokens and to the audio alone."
NEEDS = ("conditions", "shifts")

_COLUMNS = ["dataset", "split", "model", "intervention", "p", "quantity", "value", "delta", "low", "high"]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model, split and condition; the CSV has a row per quantity."""
    parts, rows = [], []
    for experiment in results.select():
        table = results.metrics(experiment, "shifts")
        parts.append(table.assign(dataset=experiment.dataset, split=experiment.split, model=experiment.model))
        for (intervention, p), found in table.groupby(["intervention", "p"], sort=False):
            quantities = found.set_index("quantity")
            shown = {
                "Dataset": results.datasets[experiment.dataset].title,
                "Split": experiment.split,
                "Model": results.models[experiment.model].title,
                "Condition": condition_title(intervention, p),
            }
            for name, title in (("share_of_predictions", "Neutral"), ("share_of_errors", "Neutral of errors")):
                shown[title] = _share(quantities, name)
                shown[f"Δ {title.lower()}"] = _difference(quantities, name)
            shown |= {"≠ correct": _share(quantities, "changed_from_correct"), "≠ audio-only": _share(quantities, "changed_from_none")}
            rows.append(shown)
    values = pd.concat(parts, ignore_index=True)[_COLUMNS] if parts else pd.DataFrame(columns=_COLUMNS)
    note = (
        "Shares of all predictions, and of wrong ones, that are neutral; Δ against correct tokens, in brackets the "
        f"{results.level} jackknife-t interval over speakers. ≠: share of predictions that differ from those to correct tokens and to the "
        "audio alone. Means over seeds. The CSV also has the share of each prediction, the recall of each class and the UAR of each "
        "session."
    )
    caption = "Shift of answers under each condition."
    return TableContent(caption, values, pd.DataFrame(rows), f"{note} {results.cautions()}".strip())


def _share(quantities: pd.DataFrame, name: str) -> str:
    return number(quantities["value"].get(name, float("nan")))


def _difference(quantities: pd.DataFrame, name: str) -> str:
    if name not in quantities.index or pd.isna(quantities.loc[name, "delta"]):
        return "–"
    row = quantities.loc[name]
    ends = "" if pd.isna(row["low"]) else f" {interval(row['low'], row['high'], sign=True)}"
    return f"{signed(row['delta'])}{ends}"
