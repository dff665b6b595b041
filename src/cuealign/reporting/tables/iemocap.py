"""Table III: IEMOCAP, with the contrastive references."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.uar_rows import of_dataset

CAPTION = "Table III: IEMOCAP."
NEEDS = ("conditions", "comparisons")


def build(results: Results, published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model and split; contrastive systems have no UAR⁺."""
    return of_dataset(results, published, "iemocap", "Table III. IEMOCAP (4-way) UAR without and with appended concept tokens.")
