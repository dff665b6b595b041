"""Table II: FAU-Aibo, development and test set."""

from collections.abc import Sequence

import pandas as pd

from cuealign.config.entries.grid import GridRun
from cuealign.core.registry import PluginOptions
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.uar_rows import of_dataset

CAPTION = "The paper's Table II: FAU-Aibo, development and test set side by side."
NEEDS = ("conditions", "comparisons")


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether the corpus is run."""
    return any(run.dataset == "aibo" for run in runs)


def build(results: Results, published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model, its splits side by side."""
    return of_dataset(
        results, published, "aibo", "FAU-Aibo (AIBO5): UAR without (UAR⁻) and with (UAR⁺) appended concept tokens. Δ = UAR⁺ − UAR⁻."
    )
