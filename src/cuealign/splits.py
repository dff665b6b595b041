"""Rows of an evaluation split."""

from collections.abc import Mapping, Sequence

import pandas as pd


def select(manifest: pd.DataFrame, splits: Mapping[str, Sequence[str]], split: str) -> pd.DataFrame:
    """Rows of the manifest that belong to an evaluation split.

    Args:
        manifest: table of kind :data:`cuealign.schema.MANIFEST`.
        splits: evaluation splits of the dataset, each with its values of the manifest's split column.
        split: name of the evaluation split.
    """
    return manifest[manifest["split"].isin(splits[split])].reset_index(drop=True)
