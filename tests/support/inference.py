"""Entries of models, prompts to ask and how answers are compared."""

import numpy as np

from cuealign.config.entries.model import Model
from cuealign.prompts.labels import Label
from tests.support.config import changed
from tests.support.prompts import LABELS, TEMPLATE, random_tokens

ENTRY = Model(
    title="t",
    licence="l",
    backend="qwen2_audio",
    path="nowhere",
    dtype="float32",
    device="cpu",
    max_new_tokens=20,
    threads=1,
    batch_tokens=4096,
    trust_remote_code=True,
)
"""Entry of a tiny model; its path is to be set."""


def entry(**changes: object) -> Model:
    """:data:`ENTRY` with some keys changed, validated."""
    return changed(ENTRY, **changes)


# fp32 sums in another order: differences of some 1e-6 of a logit; log-probabilities of several tokens stay below 1e-4, or a few
# millionths where they are large.
TOLERANCE = 1e-4

LONG = [Label("a", "angry and loud"), Label("b", "angry and quiet"), Label("c", "neutral"), Label("d", "none of these words")]


def prompts(count: int, seed: int = 0) -> tuple[str, ...]:
    """The audio-only prompt and ``count - 1`` with random cue blocks, and so suffixes of unequal length."""
    words = [label.word for label in LABELS]
    blocks = dict.fromkeys(random_tokens([str(number) for number in range(count - 1)], seed)["cue_block"]) if count > 1 else {}
    return (TEMPLATE.render(words, ""), *(TEMPLATE.render(words, block) for block in blocks))


def assert_same(found, expected):
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.answer == theirs.answer
        np.testing.assert_allclose(mine.label_logprobs, theirs.label_logprobs, atol=TOLERANCE, rtol=5e-6)
        assert mine.prompt_tokens == theirs.prompt_tokens
        assert mine.answer_tokens == theirs.answer_tokens
        assert (mine.audio_tokens, mine.audio_truncated) == (theirs.audio_tokens, theirs.audio_truncated)
