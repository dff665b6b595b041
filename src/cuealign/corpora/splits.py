"""Rows of an evaluation split."""

import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd

from cuealign.core.errors import InputError


def select_split(manifest: pd.DataFrame, splits: Mapping[str, Sequence[str]], split: str, *, limit: int | None = None) -> pd.DataFrame:
    """Rows of the manifest that belong to an evaluation split.

    Args:
        manifest: table of kind :data:`cuealign.core.schema.MANIFEST`.
        splits: values of the manifest's split column by evaluation split.
        split: name of an evaluation split.
        limit: maximum number of rows. They are taken from all classes in turn, always the same; a higher limit adds rows.

    Raises:
        InputError: if no row belongs to the split.
    """
    rows = manifest[manifest["split"].isin(splits[split])]
    if not len(rows):
        raise InputError(f"split {split!r}: no utterance of the manifest belongs to it; delete manifest.parquet and run the workflow again")
    if limit is not None and limit < len(rows):
        # Ordered by the hash of the id: this mixes speakers, and a new utterance does not change the others' order.
        order = rows["utterance"].map(lambda utterance: hashlib.sha256(utterance.encode()).hexdigest())
        turn = order.groupby(rows["label"]).rank().astype(int)
        chosen = pd.DataFrame({"turn": turn, "order": order}).sort_values(["turn", "order"]).index[:limit]
        rows = rows.loc[sorted(chosen)]
    return rows.reset_index(drop=True)
