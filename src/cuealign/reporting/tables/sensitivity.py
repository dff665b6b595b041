"""How many tokens change when one choice of the tokenisation is made otherwise."""

import pandas as pd

from cuealign.core.errors import InputError
from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS
from cuealign.cues import sensitivity
from cuealign.cues.fitting import fit_tokenizer
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

CAPTION = "How many tokens change when one choice of the tokenisation is made otherwise."

COLUMNS = ["dataset", "choice", *CONCEPTS, "any", "steps"]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per dataset and choice."""
    rows, notes = [], []
    for dataset in results.used_datasets():
        entry, manifest, means = results.datasets[dataset], results.manifest(dataset), results.descriptors(dataset)
        chosen = fit_tokenizer(means, manifest, entry.tokens, entry.splits).transform(means, manifest["gender"])
        for choice, options in sensitivity.variants(entry.tokens, entry.splits, manifest):
            try:
                others = fit_tokenizer(means, manifest, options, entry.splits).transform(means, manifest["gender"])
            except InputError as error:
                notes.append(f"{entry.title}, {choice}: not possible ({error}).")
                continue
            rows.append({"dataset": dataset, "choice": choice} | sensitivity.compare_tokens(chosen, others))
    values = pd.DataFrame(rows, columns=COLUMNS)
    display = pd.DataFrame({"Dataset": [results.datasets[name].title for name in values["dataset"]], "Choice": values["choice"]})
    for concept in (*CONCEPTS, "any"):
        name = "Any of the six" if concept == "any" else concept.replace("_", " ").capitalize()
        display[name] = [f"{100 * share:.1f}" for share in values[concept]]
    display["Steps"] = ["–" if pd.isna(steps) else f"{steps:.2f}" for steps in values["steps"]]
    note = "Percent of utterances whose token changes, against the tokens of this study; steps: how many bins apart, on average."
    caption = "Sensitivity of the tokens to each choice of the tokenisation."
    return TableContent(caption, values, display, " ".join([note, *notes]), cautions=tuple(results.cautions_of_corpora()))
