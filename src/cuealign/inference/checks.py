"""What every engine refuses."""

from collections.abc import Sequence

from cuealign.errors import ModelError
from cuealign.models.base import Label


def check_label_space(labels: Sequence[Label], sequences: Sequence[Sequence[int]], limit: int) -> None:
    """Raise a ModelError if two labels' answers have the same tokens, or one is longer than ``limit`` tokens."""
    seen: dict[tuple[int, ...], str] = {}
    for label, sequence in zip(labels, sequences, strict=True):
        other = seen.setdefault(tuple(sequence), label.name)
        if other != label.name:
            raise ModelError(f"labels {other!r} and {label.name!r} have the same tokens; give them different words in `answers`")
        if len(sequence) > limit:
            raise ModelError(
                f"label {label.name!r} has {len(sequence)} tokens, more than max_new_tokens ({limit}); raise it in the model's entry"
            )
