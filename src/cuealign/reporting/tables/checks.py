"""Checks of every model: signs that its answers or scores are not what they seem."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.reporting.numbers import power
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

CAPTION = "Checks of every model: weights that were loaded, scores, answers, and how far they move if the same prompts are asked again."
NEEDS = ("conditions",)

_SHOWN: dict[str, tuple[str, str]] = {
    "tensors_placed": ("Tensors", "{:.0f}"),
    "entropy": ("Entropy", "{:.2f}"),
    "label_mass": ("Label mass", "{:.3f}"),
    "best_score_agrees": ("Agreement", "{:.3f}"),
    "invalid_share": ("INVALID", "{:.1%}"),
    "cut_share": ("Cut", "{:.1%}"),
    "answers_unstable": ("Unstable", "{:.1%}"),
    "score_noise": ("Score noise", ""),
    "sounds_cut": ("Sounds cut", "{:.1%}"),
    "smallest_difference": ("Smallest Δ", "{:.3f}"),
}
COLUMNS = ["dataset", "split", "model", "answers", "noise_prompts", *_SHOWN]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model and split."""
    rows = []
    for experiment in results.select():
        found = results.checks(experiment).set_index("quantity")["value"]
        rows.append({"dataset": experiment.dataset, "split": experiment.split, "model": experiment.model} | found.to_dict())
    values = pd.DataFrame(rows).reindex(columns=COLUMNS)
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [results.models[name].title for name in values["model"]],
            **{
                title: ["–" if pd.isna(value) else form.format(value) if form else power(value) for value in values[quantity]]
                for quantity, (title, form) in _SHOWN.items()
            },
        }
    )
    counts = sorted({int(count) for count in values["noise_prompts"].dropna()})
    again = f"{' or '.join(map(str, counts)) or 'some'} prompts"
    note = (
        "Over all conditions. Tensors: of the checkpoint, each in its place. Entropy: of the scores over the labels, in nats. Label mass: "
        "probability of answers that are a label's word alone. Agreement: of the answer with the best score. Unstable, score noise: "
        f"answers that change, and the largest change of a log-probability, if {again} are asked again in packs of another size and "
        "order. Sounds cut: longer than the model can hear. Smallest Δ: the smallest significant difference of UAR, where prompts were "
        "asked again."
    )
    return TableContent("Checks of the models.", values, display, note, cautions=tuple(results.cautions()))
