"""Every pair of models on a split: differences in UAR, in the gain from aligned tokens, and in how much the cues move the answers."""

from collections.abc import Sequence

import pandas as pd

from cuealign.config.entries.grid import GridRun
from cuealign.core.registry import PluginOptions
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS
from cuealign.reporting.numbers import interval, p_value, signed, stacked
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

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
COLUMNS = ["dataset", "split", "a", "b", "quantity", "n", "delta", "low", "high", "p", "holm_p"]


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether two models are run on the same split."""
    models: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        models.setdefault((run.dataset, run.split), set()).add(run.model)
    return any(len(names) > 1 for names in models.values())


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per pair of models, split and quantity."""
    splits = list(dict.fromkeys((experiment.dataset, experiment.split) for experiment in results.select()))
    parts = [results.model_pairs(*split).assign(dataset=split[0], split=split[1]) for split in splits]
    caption = "Differences between models."
    values = pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
    if len(values) == 0:
        return TableContent(caption, values, values, "No two models answered the same utterances in this study.")
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Models": [f"{results.models[row.a].title} − {results.models[row.b].title}" for row in values.itertuples()],
            "Of": [_TITLES.get(name, name) for name in values["quantity"]],
            "Δ": [stacked(signed(row.delta), interval(row.low, row.high, sign=True)) for row in values.itertuples()],
            "p": [p_value(value) for value in values["p"]],
            "p (Holm)": [p_value(value) for value in values["holm_p"]],
        }
    )
    note = (
        f"{results.sample()}. In brackets: {results.level} jackknife-t interval over speakers. UAR⁻: audio-only. UAR⁺: with aligned "
        "tokens. Gain: UAR⁺ − UAR⁻, so against audio-only. Share of answers: what foreign blocks move of all their variation. p: by "
        "permutation of both models within speakers for UAR, by the jackknife's t for the others. Holm: over a split."
    )
    if values["low"].isna().any():
        note += f" No interval and no test with fewer than {FEWEST_SPEAKERS} speakers."
    return TableContent(caption, values, display, note, row_groups=("Dataset", "Split", "Models"), cautions=tuple(results.cautions()))
