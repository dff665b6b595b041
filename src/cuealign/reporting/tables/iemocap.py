"""Table III: IEMOCAP, with the contrastive references."""

from collections.abc import Sequence

import pandas as pd

from cuealign.config.entries.grid import GridRun
from cuealign.core.registry import PluginOptions
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.uar_rows import BY_SESSION, of_dataset

CAPTION = "The paper's Table III: IEMOCAP, with the contrastive references."
NEEDS = ("conditions", "comparisons")


_REFERENCES = (
    "The paper takes its values of contrastive systems from another one, that of SmoothCLAP. No code of that was found; its "
    "predecessor's, ParaCLAP's, calls the labels neutral, happy, anger and sadness, and averages the UARs of the five sessions, each by "
    f"itself. Such values are therefore to be compared with {BY_SESSION}, over all sessions and with these words."
)


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether the corpus is run."""
    return any(run.dataset == "iemocap" for run in runs)


def build(results: Results, published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model, its splits side by side; contrastive systems have no UAR⁺."""
    contrastive = any(results.models[experiment.model].kind == "contrastive" for experiment in results.select(dataset="iemocap"))
    caption = "IEMOCAP (4-way): UAR without (UAR⁻) and with (UAR⁺) appended concept tokens. Δ = UAR⁺ − UAR⁻."
    return of_dataset(results, published, "iemocap", caption, _REFERENCES if contrastive else "")
