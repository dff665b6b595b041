"""Greedy decoding of prompts in batches, whichever utterances they belong to."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from cuealign.errors import ModelError
from cuealign.inference.embedding import embed
from cuealign.models.base import CausalModel, PreparedAudio

logger = logging.getLogger(__name__)

CACHE_BYTES = 16e9
"""Memory for the keys and values of a batch, at the most; one prompt is always decoded. Halved where memory runs out."""


@dataclass(frozen=True)
class Prompt:
    """A prompt to be answered.

    Attributes:
        utterance: id, for messages.
        ids: token ids, audio placeholders included.
        audio: features.
    """

    utterance: str
    ids: Sequence[int]
    audio: PreparedAudio


@contextmanager
def at_most(model: CausalModel, tokens: int) -> Iterator[None]:
    """Limit answers to ``tokens``, or to fewer where the model's own limit is lower, for the length of a block."""
    limit = model.max_new_tokens
    model.max_new_tokens = min(limit, tokens)
    try:
        yield
    finally:
        model.max_new_tokens = limit


def decode_greedily(model: CausalModel, prompts: Sequence[Prompt]) -> list[list[int]]:
    """Greedy answers to prompts.

    Args:
        model: an audio language model.
        prompts: in any order.

    Returns:
        New tokens of each prompt, up to its end of turn or the model's limit.

    Raises:
        ModelError: if the memory of the GPU does not suffice for one prompt.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    waiting = list(_batches(model, prompts))
    while waiting:
        rows = waiting.pop()
        decoded = _attempt(model, [prompts[row] for row in rows])
        if decoded is None:
            half = len(rows) // 2
            waiting += [rows[:half], rows[half:]]
            continue
        for row, answer in zip(rows, decoded, strict=True):
            answers[row] = answer
    return answers


def _batches(model: CausalModel, prompts: Sequence[Prompt]) -> Iterator[list[int]]:
    """Rows of prompts of about the same length, as many as the cache may hold."""
    rows: list[int] = []
    for row in sorted(range(len(prompts)), key=lambda row: len(prompts[row].ids)):
        needed = (len(prompts[row].ids) + model.max_new_tokens) * (len(rows) + 1) * model.cache_bytes_per_token
        if rows and needed > CACHE_BYTES:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _attempt(model: CausalModel, prompts: Sequence[Prompt]) -> list[list[int]] | None:
    """Decode a batch; None if memory runs out and fewer prompts might do."""
    try:
        return _decode(model, prompts)
    except torch.OutOfMemoryError:
        if len(prompts) == 1:
            raise ModelError(f"utterance {prompts[0].utterance}: an answer to it does not fit into the GPU's memory") from None
    # Only now is the memory of the failed attempt free: an exception keeps what its frames hold.
    torch.cuda.empty_cache()
    logger.warning("out of GPU memory with %d answers to decode at a time; half of them from here on", len(prompts))
    return None


def _decode(model: CausalModel, prompts: Sequence[Prompt]) -> list[list[int]]:
    """Decode prompts as one batch, padded in front, so that all end in the same column."""
    device, end = model.device, model.frontend.end_of_turn
    count, longest = len(prompts), max(len(prompt.ids) for prompt in prompts)
    missing = torch.tensor([longest - len(prompt.ids) for prompt in prompts])
    tokens = np.concatenate([np.array([end] * (longest - len(prompt.ids)) + list(prompt.ids)) for prompt in prompts])
    embeddings = embed(model, tokens, [prompt.audio for prompt in prompts]).view(count, longest, -1)
    columns = torch.arange(longest)
    real = columns[None] >= missing[:, None]
    # A padding token sees itself, so that no row of attention is empty; nobody else sees it.
    itself = torch.eye(longest, dtype=torch.bool)
    mask = (itself.cumsum(0).bool()[None] & real[:, None] | itself[None])[:, None].to(device)
    positions = (columns[None] - missing[:, None]).clamp(min=0)
    next_positions, seen = (positions[:, -1:] + 1).to(device), real.to(device)

    cache = model.new_cache()
    hidden = model.forward(embeddings, mask=mask, positions=positions.to(device), cache=cache)[:, -1]
    answers: list[list[int]] = [[] for _ in prompts]
    rows = list(range(count))  # of the prompts that are in the cache
    for step in range(model.max_new_tokens):
        best = model.logits(hidden).argmax(-1)
        for row, token in zip(rows, best.tolist(), strict=True):
            if not answers[row] or answers[row][-1] != end:
                answers[row].append(token)
        going_on = [place for place, row in enumerate(rows) if answers[row][-1] != end]
        if not going_on or step + 1 == model.max_new_tokens:
            break
        if 2 * len(going_on) <= len(rows):
            rows = [rows[place] for place in going_on]
            kept = torch.tensor(going_on, device=device)
            cache.batch_select_indices(kept)
            best, seen, next_positions = best[kept], seen[kept], next_positions[kept]
        seen = torch.cat([seen, seen.new_ones(len(rows), 1)], dim=1)
        hidden = model.forward(model.embed_text(best[:, None]), mask=seen[:, None, None], positions=next_positions, cache=cache)[:, -1]
        next_positions = next_positions + 1
    return answers
