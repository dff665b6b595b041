"""Parse a label from a model's answer."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from cuealign.config.entries.answers import Answer
from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import INVALID
from cuealign.prompts.denials import denied
from cuealign.prompts.folding import WRAP, bounded, fold


class AnswerParser:
    """Finds the label that a free answer names, by a table of synonyms.

    Args:
        synonyms: words or phrases for each label. Their spelling may differ from that of an answer as :func:`fold` says, and
            parts of longer words do not match.

    Raises:
        ConfigError: if two labels share a word, or if a word has no letter or digit.
    """

    def __init__(self, synonyms: Mapping[str, Sequence[str]]) -> None:
        self._label_of: dict[str, str] = {}
        for label, words in synonyms.items():
            for word in words:
                folded = " ".join(fold(word).split())
                if not any(map(str.isalnum, folded)):
                    raise ConfigError(f"{word!r}, a word for {label!r}, has no letter or digit")
                other = self._label_of.setdefault(folded, label)
                if other != label:
                    raise ConfigError(f"{word!r} stands for both {other!r} and {label!r}")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # Longest first, so that a phrase such as "not happy" wins over "happy".
        return re.compile(bounded(sorted(self._label_of, key=len, reverse=True)))

    def __call__(self, answer: str) -> str:
        """Return the label that ``answer`` names, or INVALID.

        A label that the answer denies is not named. The answer is INVALID if it names no label or several, or if it both
        names and denies the same label.
        """
        text = fold(answer)
        if text in self._label_of:  # as most answers are
            return self._label_of[text]
        mentions = list(self._pattern.finditer(text))
        if not mentions:
            return INVALID
        labels: tuple[set[str], set[str]] = (set(), set())
        for mention, is_denied in zip(mentions, denied(text, [mention.span() for mention in mentions]), strict=True):
            labels[is_denied].add(self._label_of[mention.group().replace(WRAP, " ")])
        named, excluded = labels
        return next(iter(named)) if len(named) == 1 and not named & excluded else INVALID


def answer_parser(answers: Mapping[str, Answer]) -> AnswerParser:
    """Parser of answers that name a label by its word or a synonym."""
    return AnswerParser({name: [answer.word, *answer.synonyms] for name, answer in answers.items()})
