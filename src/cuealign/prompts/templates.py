"""Templates of prompts, captions and cue blocks.

A prompt is the instruction, followed by a line with the cue block unless it is audio-only. The chat template of the model puts
the audio before it. The cue block comes last, so that all prompts of an utterance share a prefix. Contrastive models get
captions instead, one per label.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter

from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS, is_blank_word
from cuealign.prompts.labels import Label


@dataclass(frozen=True)
class CueBlockTemplate:
    """Template of a cue block, which writes six tokens as one line.

    Attributes:
        text: one line that contains each of the six concepts once, in braces.

    Raises:
        ConfigError: if a concept is missing or occurs twice, there is another field, or the text is not one line.
    """

    text: str

    def __post_init__(self) -> None:
        found = _fields(self.text)
        if sorted(found) != sorted(CONCEPTS):
            raise ConfigError(f"must contain each of {', '.join(CONCEPTS)} once in braces, but contains {', '.join(found) or 'none'}")
        if "\n" in self.text:
            raise ConfigError("must be a single line")

    def serialise(self, tokens: Mapping[str, str]) -> str:
        """Write the tokens of the six concepts as a cue block."""
        return self.text.format(**{concept: tokens[concept] for concept in CONCEPTS})

    def parse(self, prompt: str) -> dict[str, str] | None:
        """Read the tokens from the cue block at the end of ``prompt``. Inverse of :meth:`serialise`.

        Returns:
            Token of each concept; one word that says nothing for all concepts if the block is blank; None if there is no cue block.
        """
        if match := re.search(self._pattern, prompt):
            return match.groupdict()
        match = re.search(self._blank_pattern, prompt)
        return dict.fromkeys(CONCEPTS, match["word"]) if match and is_blank_word(match["word"]) else None

    @cached_property
    def _pattern(self) -> str:
        """Of a block with tokens."""
        known = {concept: (*TOKENS[concept], UNVOICED) if concept in VOICED_CONCEPTS else TOKENS[concept] for concept in CONCEPTS}
        return self._block({concept: f"(?P<{concept}>{'|'.join(tokens)})" for concept, tokens in known.items()})

    @cached_property
    def _blank_pattern(self) -> str:
        """Of a block with one word for all tokens. Its length says how long the word is, whatever stands between the tokens."""
        first = next(concept for _, concept, _, _ in Formatter().parse(self.text) if concept is not None)
        return self._block(dict.fromkeys(CONCEPTS, "(?P=word)") | {first: r"(?P<word>[^\W\d_]+)"})

    def _block(self, groups: Mapping[str, str]) -> str:
        """Pattern of a block on the last line of a prompt, with the pattern of each concept."""
        parts = [(re.escape(literal), concept) for literal, concept, _, _ in Formatter().parse(self.text)]
        pattern = "".join(literal + (groups[concept] if concept else "") for literal, concept in parts)
        return rf"(?:\A|\n){pattern}\Z"


@dataclass(frozen=True)
class PromptTemplate:
    """Template of a prompt.

    Attributes:
        instruction: text with ``{labels}``, which stands for the words of the labels.
        cue_block: template of the cue block.

    Raises:
        ConfigError: if ``{labels}`` is missing or occurs twice, or there is another field.
    """

    instruction: str
    cue_block: CueBlockTemplate

    def __post_init__(self) -> None:
        if _fields(self.instruction) != ["labels"]:
            raise ConfigError("must contain {labels} once and no other field; a caption must contain {label}")

    def words(self, labels: Sequence[Label]) -> list[str]:
        """Words of the labels, as :meth:`render` takes them."""
        return [label.word for label in labels]

    def render(self, labels: Sequence[str], cue_block: str) -> str:
        """Write the prompt.

        Args:
            labels: words of the labels.
            cue_block: serialised tokens; empty for the audio-only prompt.
        """
        words = ", ".join(labels[:-1]) + f" or {labels[-1]}"
        instruction = self.instruction.format(labels=words)
        return f"{instruction}\n{cue_block}" if cue_block else instruction


@dataclass(frozen=True)
class CaptionTemplate:
    """Template of the captions, one per label, that a contrastive model compares with the audio.

    Attributes:
        caption: one line with ``{label}``, which stands for the word of a label.
        cue_block: template of the cue block.
        own_words: by name of the label, where another word than that of its answer stands for it.

    Raises:
        ConfigError: if ``{label}`` is missing or occurs twice, there is another field, or the caption is not one line.
    """

    caption: str
    cue_block: CueBlockTemplate
    own_words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if _fields(self.caption) != ["label"]:
            raise ConfigError("must contain {label} once and no other field")
        if "\n" in self.caption:
            raise ConfigError("must be a single line")

    def words(self, labels: Sequence[Label]) -> list[str]:
        """Words of the labels, as :meth:`render` takes them."""
        return [self.own_words.get(label.name, label.word) for label in labels]

    def render(self, labels: Sequence[str], cue_block: str) -> str:
        """Write the captions, one per line.

        Args:
            labels: words of the labels.
            cue_block: serialised tokens, put at the end of each caption; may be empty.
        """
        end = f" {cue_block}" if cue_block else ""
        return "\n".join(self.caption.format(label=label) + end for label in labels)


Template = PromptTemplate | CaptionTemplate
"""Template of what a model gets as text."""


def parse_template(text: str, cue_block: CueBlockTemplate, own_words: Mapping[str, str] | None = None) -> Template:
    """Make a template of a text: a caption if it contains ``{label}``, a prompt otherwise.

    Raises:
        ConfigError: if the text is not a valid template of its kind, or a prompt has words of its own, by which no answer would be
            read.
    """
    if "label" in _fields(text):
        return CaptionTemplate(text, cue_block, own_words or {})
    if own_words:
        raise ConfigError("only captions, with {label}, have words of their own; set datasets.<id>.answers for an instruction")
    return PromptTemplate(text, cue_block)


def _fields(text: str) -> list[str]:
    """Names of the fields, that is, of what stands in braces."""
    try:
        parts = [(name, style, conversion) for _, name, style, conversion in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ConfigError(f"braces do not match ({error})") from None
    for name, style, conversion in parts:
        if style or conversion:
            raise ConfigError(f"{{{name}}} must have no conversion and no format in its braces")
    return [name for name, _, _ in parts]


def prompt_id(prompt: str) -> str:
    """First 16 hexadecimal digits of the sha256 of a prompt."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:16]
