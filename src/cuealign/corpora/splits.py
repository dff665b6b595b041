"""Rows of an evaluation split."""

import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd


def select_split(manifest: pd.DataFrame, splits: Mapping[str, Sequence[str]], split: str, *, limit: int | None = None) -> pd.DataFrame:
    """Rows of the manifest that belong to an evaluation split.

    Args:
        manifest: table of kind :data:`cuealign.core.schema.MANIFEST`.
        splits: evaluation splits of the dataset, each with its values of the manifest's split column.
        split: name of the evaluation split.
        limit: so many of them only, of all classes in turn, always the same ones; more with a greater limit.
    """
    rows = manifest[manifest["split"].isin(splits[split])]
    if limit is not None and limit < len(rows):
        # By the hash of their ids: neither the first speaker only, nor other ones when an utterance is added.
        order = rows["utterance"].map(lambda utterance: hashlib.sha256(utterance.encode()).hexdigest())
        turn = order.groupby(rows["label"]).rank().astype(int)
        chosen = pd.DataFrame({"turn": turn, "order": order}).sort_values(["turn", "order"]).index[:limit]
        rows = rows.loc[sorted(chosen)]
    return rows.reset_index(drop=True)
