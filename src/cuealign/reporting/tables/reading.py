"""How every model reads each concept."""

from typing import Any

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS
from cuealign.reporting.numbers import number, signed, with_interval
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.unmoved import folded

CAPTION = "How every model reads each concept: its share of the log-odds, its strongest effect, and its agreement with the corpus."
NEEDS = ("conditions", "reliance", "reading", "interactions")

_LEAST_SHARE, _LEAST_EFFECT = 0.0005, 0.005
"""What is smaller is shown as nothing."""

_NOTHING = 1e-9
"""An effect that is no larger comes of rounding."""
COLUMNS = [
    *("dataset", "split", "model", "concept", "share", "share_low", "share_high", "agreement", "agreement_low", "agreement_high"),
    *("marked", "effects", "strongest_token", "strongest_label", "strongest_effect", "partner", "partner_share"),
]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model, split and concept; every effect is in reading.csv, every pair of concepts in interactions.csv of each model."""
    rows, unread = [], []
    for experiment in results.select():
        effects, found = results.effects(experiment), results.reliance(experiment)
        if len(effects) == 0:
            title = f"{results.models[experiment.model].title} on {results.datasets[experiment.dataset].title} ({experiment.split})"
            unread.append(f"{title} is not shown: there are no log-probabilities under random tokens, or of one label only.")
            continue
        pairs = results.metrics(experiment, "interactions")
        for concept in CONCEPTS:
            own = effects[effects["concept"] == concept]
            strongest = own.loc[own["effect"].abs().idxmax()]
            row = {
                "dataset": experiment.dataset,
                "split": experiment.split,
                "model": experiment.model,
                "concept": concept,
                "marked": int(own["marked"].sum()),
                "effects": len(own),
                "strongest_token": strongest["token"],
                "strongest_label": strongest["label"],
                "strongest_effect": strongest["effect"],
            }
            for name, quantity in (("share", f"share_{concept}"), ("agreement", f"reading_agreement_{concept}")):
                value, low, high = found.loc[quantity, ["value", "low", "high"]]
                row |= {name: value, f"{name}_low": low, f"{name}_high": high}
            rows.append(row | _partner(pairs, concept))
    values = pd.DataFrame(rows, columns=COLUMNS)
    caption = "Reading of the concepts."
    if len(values) == 0:
        return TableContent(caption, values, values, " ".join(unread))
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [results.models[name].title for name in values["model"]],
            "Concept": [concept.replace("_", " ") for concept in values["concept"]],
            "Share": with_interval(values, "share", shown=signed),
            "Agreement": with_interval(values, "agreement", shown=signed),
            "Marked": [f"{row.marked} of {row.effects}" for row in values.itertuples()],
            "Strongest effect": [_strongest(row) for row in values.itertuples()],
            "Goes with": [
                "–" if pd.isna(row.partner_share) else f"{row.partner} {number(row.partner_share)}" for row in values.itertuples()
            ],
        }
    )
    display = folded(display, values["strongest_effect"].abs() < _NOTHING, "Concept", "no effect")
    note = (
        f"{results.sample()}. Jackknife-t intervals over speakers, {results.level}. "
        "Share: what the tokens of the concept explain of all variation of the "
        "log-odds, corrected for bias, so that it may lie below 0. Agreement: correlation of the effects with the partial effects of the "
        "tokens in the corpus. Marked: effects that differ from 0 when all are tested together (Bonferroni). Strongest effect: token, "
        "label, change of its log-odds. Goes with: the concept whose pair with this one explains most beyond both, if its interval lies "
        "above 0."
    )
    groups, cautions = ("Dataset", "Split", "Model"), tuple(results.cautions())
    return TableContent(caption, values, display, " ".join([note, *unread]), row_groups=groups, cautions=cautions)


def _strongest(row: Any) -> str:
    """Token, label and effect; a dash for one that rounds to nothing."""
    shown = signed(row.strongest_effect, 2)
    return "–" if abs(row.strongest_effect) < _LEAST_EFFECT else f"{row.strongest_token} {row.strongest_label} {shown}"


def _partner(pairs: pd.DataFrame, concept: str) -> dict[str, object]:
    """The concept with which this one interacts most, and their share; none where no pair is above 0."""
    own = pairs[((pairs["concept_a"] == concept) | (pairs["concept_b"] == concept)) & (pairs["low"] > 0) & (pairs["share"] >= _LEAST_SHARE)]
    if len(own) == 0:
        return {"partner": "", "partner_share": float("nan")}
    strongest = own.loc[own["share"].idxmax()]
    return {
        "partner": strongest["concept_b"] if strongest["concept_a"] == concept else strongest["concept_a"],
        "partner_share": strongest["share"],
    }
