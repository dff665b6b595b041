"""Cue blocks of a whole table of tokens."""

import pandas as pd

from cuealign.core.vocabulary import CONCEPTS
from cuealign.prompts.templates import CueBlockTemplate


def serialise_cue_blocks(tokens: pd.DataFrame, template: CueBlockTemplate) -> list[str]:
    """Write the cue block of every row of a table with the six concepts as columns."""
    return [template.serialise(dict(zip(CONCEPTS, row, strict=True))) for row in tokens[list(CONCEPTS)].itertuples(index=False)]
