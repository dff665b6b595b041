"""What a model is asked.

A prompt is the instruction alone (audio-only), or the instruction, a line break and the cue block. The
chat template of the model puts the audio before it. The cue block comes last, so that all prompts of
an utterance share everything before it. Contrastive systems are asked with captions instead, one per label.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

import pandas as pd

from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS


@dataclass(frozen=True)
class CueBlockTemplate:
    """How six tokens are written as one line.

    Attributes:
        text: one line with each of the six concepts in braces.

    Raises:
        ConfigError: if a concept is missing or named twice.
    """

    text: str

    def __post_init__(self) -> None:
        found = _fields(self.text)
        if sorted(found) != sorted(CONCEPTS):
            raise ConfigError(f"must name each of {', '.join(CONCEPTS)} once in braces, but names {', '.join(found) or 'none'}")
        if "\n" in self.text:
            raise ConfigError("must be a single line")

    def serialise(self, tokens: Mapping[str, str]) -> str:
        """Cue block of six tokens."""
        return self.text.format(**{concept: tokens[concept] for concept in CONCEPTS})

    def parse(self, prompt: str) -> dict[str, str] | None:
        """Tokens of the cue block that ends ``prompt``, or None where there is none: the inverse of :meth:`serialise`."""
        match = re.search(self._pattern, prompt)
        return match.groupdict() if match else None

    @cached_property
    def _pattern(self) -> str:
        pattern = ""
        for literal, concept, _, _ in Formatter().parse(self.text):
            pattern += re.escape(literal)
            if concept is not None:
                tokens = (*TOKENS[concept], UNVOICED) if concept in VOICED_CONCEPTS else TOKENS[concept]
                pattern += f"(?P<{concept}>{'|'.join(tokens)})"
        return rf"(?:\A|\n){pattern}\Z"


@dataclass(frozen=True)
class PromptTemplate:
    """Wording of a prompt.

    Attributes:
        instruction: with ``{labels}``, which is replaced by the label words.
        cue_block: how tokens are written.

    Raises:
        ConfigError: if the instruction has another field than ``{labels}``, or lacks it.
    """

    instruction: str
    cue_block: CueBlockTemplate

    def __post_init__(self) -> None:
        if _fields(self.instruction) != ["labels"]:
            raise ConfigError("must contain {labels} once and no other field, or be a caption with {label}")

    def render(self, labels: Sequence[str], cue_block: str) -> str:
        """Full prompt text.

        Args:
            labels: words by which the labels are spoken.
            cue_block: serialised tokens; empty for the audio-only prompt.
        """
        words = ", ".join(labels[:-1]) + f" or {labels[-1]}"
        instruction = self.instruction.format(labels=words)
        return f"{instruction}\n{cue_block}" if cue_block else instruction


@dataclass(frozen=True)
class CaptionTemplate:
    """What a contrastive system compares a sound with: a caption per label.

    Attributes:
        caption: with ``{label}``, which is replaced by a label's word.
        cue_block: how tokens are written.

    Raises:
        ConfigError: if the caption has another field than ``{label}``, or lacks it, or is not one line.
    """

    caption: str
    cue_block: CueBlockTemplate

    def __post_init__(self) -> None:
        if _fields(self.caption) != ["label"]:
            raise ConfigError("must contain {label} once and no other field")
        if "\n" in self.caption:
            raise ConfigError("must be a single line")

    def render(self, labels: Sequence[str], cue_block: str) -> str:
        """Captions, a line each.

        Args:
            labels: words by which the labels are spoken.
            cue_block: serialised tokens, which end each caption; empty for captions alone.
        """
        end = f" {cue_block}" if cue_block else ""
        return "\n".join(self.caption.format(label=label) + end for label in labels)


Template = PromptTemplate | CaptionTemplate
"""What a model is asked with."""


def parse_template(text: str, cue_block: CueBlockTemplate) -> Template:
    """The kind of template that a text is: a caption if it has the field ``{label}``, an instruction otherwise.

    Raises:
        ConfigError: if it is neither.
    """
    return CaptionTemplate(text, cue_block) if "label" in _fields(text) else PromptTemplate(text, cue_block)


def _fields(text: str) -> list[str]:
    """Names in braces."""
    try:
        parts = [(name, style, conversion) for _, name, style, conversion in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ConfigError(f"braces do not match ({error})") from None
    for name, style, conversion in parts:
        if style or conversion:
            raise ConfigError(f"{{{name}}} must stand in braces alone, without a conversion or a format")
    return [name for name, _, _ in parts]


def prompt_id(prompt: str) -> str:
    """Short name of a prompt's text: the first 16 hexadecimal digits of its sha256."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:16]


def serialise_cue_blocks(tokens: pd.DataFrame, template: CueBlockTemplate) -> list[str]:
    """Cue block of every row of a table with the six concepts as columns."""
    return [template.serialise(dict(zip(CONCEPTS, row, strict=True))) for row in tokens[list(CONCEPTS)].itertuples(index=False)]
