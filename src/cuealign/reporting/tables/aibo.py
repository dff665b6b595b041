"""Table II: FAU-Aibo, development and test set."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.uar_rows import of_dataset

CAPTION = "Table II: FAU-Aibo."
NEEDS = ("conditions", "comparisons")


def build(results: Results, published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model and split; says so where the corpus was not run."""
    return of_dataset(results, published, "aibo", "Table II. FAU-Aibo (AIBO5) UAR without and with appended concept tokens.")
