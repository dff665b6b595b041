"""Every pair of models on a split: differences in UAR, in the gain from aligned tokens, and in how much the cues move the answers."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent, interval, p_value, signed

CAPTION = (
    "Every pair of models on a split: paired differences in UAR without and with aligned tokens, in the gain from them, and in how much "
    "the cues move the answers."
)
NEEDS = ("conditions",)
COMPARES_MODELS = True

_TITLES = {
    "uar_none": "UAR⁻",
    "uar_correct": "UAR⁺",
    "gain": "Gain",
    "share_answers": "Share of answers",
    "follow_index": "Follow index",
}
_COLUMNS = ["dataset", "split", "a", "b", "quantity", "n", "delta", "low", "high", "p", "holm_p"]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per pair of models, split and quantity."""
    splits = list(dict.fromkeys((experiment.dataset, experiment.split) for experiment in results.select()))
    parts = [results.model_pairs(*split).assign(dataset=split[0], split=split[1]) for split in splits]
    caption = f"Differences between models: {results.level} jackknife-t intervals over speakers, Holm-corrected per split."
    values = pd.concat(parts, ignore_index=True)[_COLUMNS] if parts else pd.DataFrame(columns=_COLUMNS)
    if len(values) == 0:
        return TableContent(caption, values, values, "No two models answered the same utterances in this study.")
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Models": [f"{results.models[row.a].title} − {results.models[row.b].title}" for row in values.itertuples()],
            "Of": [_TITLES.get(name, name) for name in values["quantity"]],
            "Δ": [signed(value) for value in values["delta"]],
            f"{results.level} CI": [interval(row.low, row.high, sign=True) for row in values.itertuples()],
            "p": [p_value(value) for value in values["p"]],
            "p (Holm)": [p_value(value) for value in values["holm_p"]],
        }
    )
    note = "UAR⁻: audio-only. UAR⁺: with aligned tokens. Gain: UAR⁺ − UAR⁻. Share of answers: what foreign blocks move of all their "
    note += "variation. p: by permutation of both models within speakers for UAR, by the jackknife's t for the others."
    if values["low"].isna().any():
        note += f" No interval and no test with fewer than {FEWEST_SPEAKERS} speakers."
    return TableContent(caption, values, display, f"{note} {results.cautions()}".strip())
