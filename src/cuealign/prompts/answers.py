"""Parse a label from a model's answer."""

import re
from collections.abc import Mapping, Sequence

from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import INVALID


class AnswerParser:
    """Finds the label that a free answer names, by a table of synonyms.

    Args:
        synonyms: words or phrases for each label. Case is ignored, and parts of longer words do not match.

    Raises:
        ConfigError: if two labels share a word.
    """

    def __init__(self, synonyms: Mapping[str, Sequence[str]]) -> None:
        self._label_of: dict[str, str] = {}
        for label, words in synonyms.items():
            for word in words:
                other = self._label_of.setdefault(word.casefold(), label)
                if other != label:
                    raise ConfigError(f"answers: {word!r} stands for both {other!r} and {label!r}")
        # Longest first, so that a phrase such as "not happy" wins over "happy".
        words = sorted(self._label_of, key=len, reverse=True)
        self._pattern = re.compile(r"(?<!\w)(" + "|".join(map(re.escape, words)) + r")(?!\w)")

    def __call__(self, answer: str) -> str:
        """Return the label that ``answer`` names, or INVALID if it names none or several."""
        found = {self._label_of[word] for word in self._pattern.findall(answer.casefold())}
        return found.pop() if len(found) == 1 else INVALID
