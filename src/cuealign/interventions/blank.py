"""blank: keep the names of the concepts, and put one word without a meaning in the place of every token.

What changes against the audio-only prompt is then the form of the cue block alone, and what changes from here to the correct tokens
is their content. This needs no log-probabilities. The paper has no such condition.
"""

import numpy as np
from pydantic import Field, field_validator

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import is_blank_word
from cuealign.interventions.base import Intervention, KeyedRandom


class Options(PluginOptions):
    """Options of blank."""

    word: str = Field(
        default="WUG",
        description="Word that stands in the place of every token: letters only, and no token, concept or part of one. The default is "
        "two tokens long in the vocabulary of Qwen's models, where those that it replaces are two to four.",
    )

    @field_validator("word")
    @classmethod
    def _says_nothing(cls, value: str) -> str:
        if not is_blank_word(value):
            raise ValueError("must be one word of letters only that is no token or concept, nor a part of one")
        return value


def empty(sequences: np.ndarray, _p: float, _random: KeyedRandom, options: Options) -> np.ndarray:
    """Replace every token, UNVOICED too, by the word."""
    return np.full_like(sequences, options.word)


INTERVENTION = Intervention("Blank", empty, has_tokens=False)
