"""UAR without and with aligned tokens, for every model and split of the study."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.reporting.results import Results
from cuealign.reporting.tables import uar_rows
from cuealign.reporting.tables.content import TableContent

CAPTION = (
    "UAR of every model and split of this study, without and with aligned concept tokens, and the published value where the paper ran "
    "the same."
)
NEEDS = ("conditions", "comparisons")


def build(results: Results, published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model and split."""
    values = uar_rows.rows(results, results.select(), published)
    where = pd.DataFrame({"Dataset": [results.datasets[name].title for name in values["dataset"]], "Split": values["split"]})
    display = pd.concat([where, uar_rows.display(results, values)], axis=1)
    caption = "UAR without (UAR⁻) and with (UAR⁺) aligned concept tokens. Δ = UAR⁺ − UAR⁻."
    note = uar_rows.notes(results, values, published)
    return TableContent(caption, values, display, note, row_groups=("Dataset", "Split", "Type"), cautions=tuple(results.cautions()))
