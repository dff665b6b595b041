"""The verdict on every model: whether it uses the cues, ignores them or follows them."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.reporting.numbers import number, signed, with_interval
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

CAPTION = "The verdict on every model: whether it uses the cues, ignores them or follows them, with the numbers that decide."
NEEDS = ("conditions", "verdict")

_SHOWN = {
    "uar_none": ("UAR⁻", False),
    "answers_moved": ("Answers moved", False),
    "follow_index": ("Follow index", True),
    "correct_minus_none_95": ("UAR⁺ − UAR⁻", True),
    "cost_shuffle": ("Cost of Shuffle", True),
    "cost_conflict": ("Cost of Conflict", True),
}
COLUMNS = [
    *("dataset", "split", "model", "verdict", "reason"),
    *(column for name in _SHOWN for column in (name, f"{name}_low", f"{name}_high")),
    *("reference", "noise_floor", "with_half_margins", "with_twice_margins", "missing", "sentence"),
]
_REFERENCES = {
    "log-odds": "the block without content",
    "blank": "the blank block",
    "audio-only": "the audio-only prompt, so that they hold the effect of the format too",
}


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model and split."""
    rows: list[dict[str, object]] = []
    levels: dict[float, list[str]] = {}
    for experiment in results.select():
        found = results.verdict(experiment)
        numbers = {}
        for name in _SHOWN:
            bounds = found["numbers"][name]
            levels.setdefault(bounds["confidence"], []).append(_SHOWN[name][0])
            numbers |= {name: bounds["value"], f"{name}_low": bounds["low"], f"{name}_high": bounds["high"]}
        rows.append(
            {
                "dataset": experiment.dataset,
                "split": experiment.split,
                "model": experiment.model,
                "verdict": found["verdict"],
                "reason": found["reason"],
                **numbers,
                "reference": found["reference"],
                "noise_floor": found["numbers"]["noise_floor"],
                "with_half_margins": found["other_margins"][0]["verdict"],
                "with_twice_margins": found["other_margins"][1]["verdict"],
                "missing": "; ".join(found["missing"]),
                "sentence": found["sentence"],
            }
        )
    values = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(_SHOWN, float))
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [results.models[name].title for name in values["model"]],
            "Verdict": values["verdict"],
            **{title: with_interval(values, name, shown=signed if sign else number) for name, (title, sign) in _SHOWN.items()},
        }
    )
    return TableContent(
        "Verdicts: does a model use the cues?", values, display, _note(results, values, levels), cautions=tuple(results.cautions())
    )


def _note(results: Results, values: pd.DataFrame, levels: dict[float, list[str]]) -> str:
    """What the columns mean, at which levels the rule looks, and how far the verdicts depend on the margins."""
    of_levels = [f"{100 * level:g}% for {', '.join(dict.fromkeys(names))}" for level, names in levels.items()]
    said = [
        f"{results.sample()}. Jackknife-t intervals over speakers, at the levels of the rule: {'; '.join(of_levels)}.",
        "UAR⁻: audio-only. UAR⁺: with aligned tokens. Answers moved: share of answers that differ between two blocks of other utterances.",
        "Follow index: 0 for answers that do not depend on what the tokens say, 1 for answers that are always what they mean in the "
        "corpus; the listener to cues shows how near one can get.",
    ]
    for reference in dict.fromkeys(values["reference"]):
        titles = [results.models[row.model].title for row in values.itertuples() if row.reference == reference]
        said.append(f"Costs of {', '.join(dict.fromkeys(titles))} are against {_REFERENCES[reference]}.")
    for row in values.itertuples():
        about = f"{results.models[row.model].title} on {results.datasets[row.dataset].title} ({row.split})"
        if row.verdict == "undecidable":
            said.append(f"{about}: {row.reason}.")
        for verdict, size in ((row.with_half_margins, "half"), (row.with_twice_margins, "twice")):
            if verdict != row.verdict:
                said.append(f"{about}: {verdict} if margins were {size} as large.")
    return " ".join(said)
