"""How many tokens change when one choice of the tokenisation is made otherwise."""

import pandas as pd

from cuealign import tokenisation
from cuealign.errors import InputError
from cuealign.study import Study
from cuealign.tables.content import TableContent
from cuealign.vocabulary import CONCEPTS

_COLUMNS = ["dataset", "choice", *CONCEPTS, "any", "steps"]


def build(study: Study, _published: pd.DataFrame) -> TableContent:
    """One row per dataset and choice."""
    rows, notes = [], []
    for dataset in study.used_datasets():
        entry, manifest, means = study.datasets[dataset], study.manifest(dataset), study.descriptors(dataset)
        chosen = tokenisation.fit(means, manifest, entry["tokens"], entry["splits"]).transform(means, manifest["gender"])
        for choice, options in tokenisation.variants(entry["tokens"], entry["splits"], manifest):
            try:
                others = tokenisation.fit(means, manifest, options, entry["splits"]).transform(means, manifest["gender"])
            except InputError as error:
                notes.append(f"{entry['title']}, {choice}: not possible ({error}).")
                continue
            rows.append({"dataset": entry["title"], "choice": choice} | tokenisation.changes(chosen, others))
    values = pd.DataFrame(rows, columns=_COLUMNS)
    display = pd.DataFrame({"Dataset": values["dataset"], "Choice": values["choice"]})
    for concept in (*CONCEPTS, "any"):
        name = "Any of the six" if concept == "any" else concept.replace("_", " ").capitalize()
        display[name] = [f"{100 * share:.1f}" for share in values[concept]]
    display["Steps"] = ["–" if pd.isna(steps) else f"{steps:.2f}" for steps in values["steps"]]
    note = "Percent of utterances whose token changes, against the tokens of this study; steps: how many bins apart, on average."
    return TableContent("Sensitivity of the tokens to each choice of the tokenisation.", values, display, " ".join([note, *notes]))
