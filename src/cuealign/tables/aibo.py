"""Table II: FAU-Aibo, development and test set."""

import pandas as pd

from cuealign.study import Study
from cuealign.tables import uar
from cuealign.tables.content import TableContent

DATASET = "aibo"


def build(study: Study, published: pd.DataFrame) -> TableContent:
    """One row per model and split; says so where the corpus was not run."""
    return of_dataset(study, published, DATASET, "Table II. FAU-Aibo (AIBO5) UAR without and with appended concept tokens.")


def of_dataset(study: Study, published: pd.DataFrame, dataset: str, caption: str) -> TableContent:
    """UAR table of one of the paper's corpora."""
    values = uar.rows(study, study.select(dataset=dataset), published)
    display = pd.concat([values[["split"]].rename(columns=str.capitalize), uar.display(values)], axis=1)
    if len(values) == 0:
        return TableContent(caption, values, display, f"No run of the dataset {dataset!r} in this study's grid.")
    return TableContent(caption, values, display, uar.notes(study, values, dataset))
