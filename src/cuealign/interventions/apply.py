"""Interventions, applied to the tokens of an evaluation split."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cuealign.core.errors import InputError
from cuealign.core.schema import NO_TOKENS, TOKEN_SEQUENCES
from cuealign.core.vocabulary import CONCEPTS
from cuealign.interventions import INTERVENTIONS
from cuealign.interventions.base import KeyedRandom
from cuealign.prompts.templates import CueBlockTemplate, serialise_cue_blocks


def apply_intervention(
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
        tokens: rows of the split, table of kind :data:`cuealign.core.schema.TOKEN_SEQUENCES`.
        template: serialises the result.
        dataset, split, p, seed: with the intervention's name and the utterance, the key of every random draw.
        options: of the intervention, from the config.

    Returns:
        Table of the same kind (of :data:`cuealign.core.schema.NO_TOKENS` for an intervention without a cue block), same
        utterances in the same order.

    Raises:
        ConfigError: if there is no such intervention, or an option is wrong.
        InputError: if an utterance occurs twice.
    """
    if tokens["utterance"].duplicated().any():
        raise InputError("an utterance occurs twice among the tokens of a split")
    intervention = INTERVENTIONS.get(name)
    checked = INTERVENTIONS.options(name, options or {}, f"intervention_options.{name}")
    random = KeyedRandom((dataset, split, name, p, seed), tuple(tokens["utterance"]))
    perturbed = intervention.apply(tokens[list(CONCEPTS)].to_numpy(dtype=object), float(p), random, checked)
    table = pd.DataFrame(perturbed, columns=list(CONCEPTS))
    table.insert(0, "utterance", tokens["utterance"].to_numpy())
    if not intervention.has_cue_block:
        return NO_TOKENS.check(table.assign(cue_block=""), name)
    table["cue_block"] = serialise_cue_blocks(table, template)
    return TOKEN_SEQUENCES.check(table, name)
