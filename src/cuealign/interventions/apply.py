"""Apply an intervention to the tokens of an evaluation split."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cuealign.core.errors import InputError
from cuealign.core.schema import NO_TOKENS, TOKEN_SEQUENCES, tokens_schema
from cuealign.core.vocabulary import CONCEPTS
from cuealign.interventions import INTERVENTIONS
from cuealign.interventions.base import KeyedRandom
from cuealign.prompts.cue_blocks import serialise_cue_blocks
from cuealign.prompts.templates import CueBlockTemplate


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
        tokens: of the split, table of kind :data:`cuealign.core.schema.TOKEN_SEQUENCES`.
        template: writes the cue blocks.
        dataset, split, seed: part of the key of the random numbers.
        p: strength, in [0, 1]; also part of the key.
        options: of the intervention, from the config; none by default.

    Returns:
        Table with the same utterances in the same order, of kind :data:`cuealign.core.schema.TOKEN_SEQUENCES`; of kind
        :data:`cuealign.core.schema.NO_TOKENS` if the intervention removes the cue block, and of kind
        :func:`cuealign.core.schema.blank_tokens` if it leaves the block without content.

    Raises:
        ConfigError: if there is no such intervention, or an option is wrong.
        InputError: if an utterance occurs twice.
    """
    twice = tokens["utterance"][tokens["utterance"].duplicated()]
    if len(twice):
        raise InputError(f"tokens of {dataset}/{split}: utterance {twice.iloc[0]!r} occurs twice")
    intervention = INTERVENTIONS.get(name)
    checked = INTERVENTIONS.options(name, options or {}, f"intervention_options.{name}")
    random = KeyedRandom((dataset, split, name, p, seed), tuple(tokens["utterance"]))
    perturbed = intervention.apply(tokens[list(CONCEPTS)].to_numpy(dtype=object), float(p), random, checked)
    table = pd.DataFrame(perturbed, columns=list(CONCEPTS))
    table.insert(0, "utterance", tokens["utterance"].to_numpy())
    if not intervention.has_cue_block:
        return NO_TOKENS.check(table.assign(cue_block=""), name)
    table["cue_block"] = serialise_cue_blocks(table, template)
    return (TOKEN_SEQUENCES if intervention.has_tokens else tokens_schema(table)).check(table, name)
