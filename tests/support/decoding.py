"""Prompts to decode, in packs as passes leave them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cuealign.inference.decoding import Decoder, Prompt
from cuealign.models.base import CausalModel
from tests.support.inference import prompts as texts
from tests.support.sound import tone


@dataclass(frozen=True)
class Pack:
    """Prompts that a pass leaves."""

    left: list[Prompt]
    utterances: int = 1


def packs(model: CausalModel) -> list[Pack]:
    """Prompts of unequal length to sounds of unequal length, a pack without any among them."""
    found = []
    for number, (seconds, count) in enumerate(((0.1, 5), (1.9, 7), (0.7, 0), (0.3, 1), (0.02, 6))):
        audio = model.frontend.prepare(tone(seconds, seed=number))
        asked = texts(count, number)[:count]
        found.append(Pack([Prompt(f"u{number}", model.frontend.tokenise(text, audio.tokens), audio) for text in asked]))
    return found


def one_at_a_time(model: CausalModel, todo: Sequence[Pack]) -> list[list[list[int]]]:
    """Answers by transformers' own ``generate``."""
    with torch.inference_mode():
        return [[model.generate(prompt.ids, prompt.audio) for prompt in pack.left] for pack in todo]


def decode(decoder: Decoder, todo: Sequence[Pack]) -> list[list[list[int]]]:
    """Answers of a decoder, which gives the packs back in order."""
    found = list(decoder.run(iter(todo)))
    assert [pack for pack, _ in found] == list(todo)
    return [answers for _, answers in found]
