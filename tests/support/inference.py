"""Entries of models, requests to them, and the comparison of their responses."""

from collections.abc import Iterable, Sequence

import numpy as np

from cuealign.config.entries.model import Model
from cuealign.models.base import Request, Response
from cuealign.prompts.labels import Label
from tests.support.config import changed
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone

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
"""Entry of a tiny model, without its path."""


def entry(**changes: object) -> Model:
    """:data:`ENTRY` with some keys changed, validated."""
    return changed(ENTRY, **changes)


TOLERANCE = 1e-4
"""float32 sums in another order differ by some 1e-6 of a logit, so log-probabilities of several tokens by less than this."""

LONG = [Label("a", "angry and loud"), Label("b", "angry and quiet"), Label("c", "neutral"), Label("d", "none of these words")]
"""Labels of several words that share beginnings."""


def prompts(count: int, seed: int = 0) -> tuple[str, ...]:
    """The audio-only prompt and ``count - 1`` prompts with random cue blocks, and so with suffixes of unequal length."""
    words = [label.word for label in LABELS]
    blocks = dict.fromkeys(random_tokens([str(number) for number in range(count - 1)], seed)["cue_block"]) if count > 1 else {}
    return (TEMPLATE.render(words, ""), *(TEMPLATE.render(words, block) for block in blocks))


def requests(counts: Iterable[int]) -> list[Request]:
    """Requests with these numbers of prompts, whose sounds take from less than one audio token to more than one window."""
    lengths = (0.02, 0.1, 1.3, 0.7, 2.6, 6.2)
    return [
        Request(f"u{index}", tone(lengths[index % 6], pitch=110 + 40 * index, seed=index), prompts(count, index))
        for index, count in enumerate(counts)
    ]


def assert_same(found: Sequence[Response], expected: Sequence[Response]) -> None:
    """Responses are the same but for rounding, however they were computed."""
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.answer == theirs.answer
        # The relative part: the tiny models' log-probabilities reach -100, as differences of logits of hundreds in float32.
        np.testing.assert_allclose(mine.label_logprobs, theirs.label_logprobs, atol=TOLERANCE, rtol=2e-5)
        assert mine.prompt_tokens == theirs.prompt_tokens
        assert mine.answer_tokens == theirs.answer_tokens
        assert (mine.audio_tokens, mine.audio_truncated) == (theirs.audio_tokens, theirs.audio_truncated)
