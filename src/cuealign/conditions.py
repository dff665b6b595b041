"""Conditions: an intervention at a strength with a seed, applied to the tokens of an evaluation split."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cuealign import interventions
from cuealign.errors import InputError
from cuealign.interventions import Draws
from cuealign.prompts import CueBlockTemplate
from cuealign.schema import NO_TOKENS, TOKEN_SEQUENCES
from cuealign.vocabulary import CONCEPTS


def apply(
    name: str,
    tokens: pd.DataFrame,
    template: CueBlockTemplate,
    *,
    dataset: str,
    split: str,
    p: str,
    seed: str,
    options: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Perturb the tokens of one evaluation split.

    Args:
        name: of the intervention.
        tokens: rows of the split, table of kind :data:`cuealign.schema.TOKEN_SEQUENCES`.
        template: serialises the result.
        dataset, split, p, seed: with the intervention's name and the utterance, the key of every random draw.
        options: of the intervention, from the config.

    Returns:
        Table of the same kind, same utterances in the same order.
    """
    if tokens["utterance"].duplicated().any():
        raise InputError("an utterance occurs twice among the tokens of a split")
    intervention = interventions.get(name)
    draws = Draws((dataset, split, name, p, seed), tuple(tokens["utterance"]))
    sequences = tokens[list(CONCEPTS)].to_numpy(dtype=object)
    perturbed = intervention.apply(sequences, float(p), draws, **(options or {}))
    table = pd.DataFrame(perturbed, columns=list(CONCEPTS))
    table.insert(0, "utterance", tokens["utterance"].to_numpy())
    if not intervention.has_cue_block:
        return NO_TOKENS.check(table.assign(cue_block=""), name)
    table["cue_block"] = serialise(table, template)
    return TOKEN_SEQUENCES.check(table, name)


def serialise(tokens: pd.DataFrame, template: CueBlockTemplate) -> list[str]:
    """Cue block of every row."""
    return [template.serialise(dict(zip(CONCEPTS, row, strict=True))) for row in tokens[list(CONCEPTS)].itertuples(index=False)]


def title(intervention: str, p: str = "0") -> str:
    """Name of a condition in figures and tables, such as ``Corrupt(0.4)``."""
    found = interventions.get(intervention)
    return f"{found.title}({p})" if found.uses_p else found.title
