"""Table III: IEMOCAP, with the contrastive references."""

import pandas as pd

from cuealign.study import Study
from cuealign.tables.aibo import of_dataset
from cuealign.tables.content import TableContent

DATASET = "iemocap"


def build(study: Study, published: pd.DataFrame) -> TableContent:
    """One row per model and split; contrastive systems have no UAR⁺."""
    return of_dataset(study, published, DATASET, "Table III. IEMOCAP (4-way) UAR without and with appended concept tokens.")
