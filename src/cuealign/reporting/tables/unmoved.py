"""One row for a model that nothing moves, in the place of many that all say so."""

import pandas as pd


def folded(
    display: pd.DataFrame, still: pd.Series, column: str, said: str, by: tuple[str, ...] = ("Dataset", "Split", "Model")
) -> pd.DataFrame:
    """Rows of which all of a group say that nothing changes, as one row.

    Args:
        display: cells of text.
        still: whether a row says that nothing changes, in the same order.
        column: that tells the rows of a group apart; it says what became of them.
        said: goes into that column, behind their number.
        by: columns that name the groups.

    Returns:
        The display, in the same order; of the one row, cells that were not the same in all are dashes.
    """
    parts = []
    for _, own in display.groupby(list(by), sort=False):
        if len(own) > 1 and still.loc[own.index].all():
            cells = {name: own[name].iloc[0] if own[name].nunique() == 1 else "–" for name in own}
            parts.append(pd.DataFrame([cells | {column: f"All {len(own)}: {said}"}]))
        else:
            parts.append(own)
    return pd.concat(parts, ignore_index=True) if parts else display
