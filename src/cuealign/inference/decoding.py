"""Greedy decoding of prompts in batches, whichever utterances they belong to."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cuealign.core.errors import ModelError
from cuealign.inference.embedding import embed
from cuealign.inference.forest import Forest, Trie
from cuealign.inference.labels import LabelTree
from cuealign.inference.masks import dense_mask
from cuealign.models.base import CausalModel, PreparedAudio
from cuealign.models.transfer import to_device

logger = logging.getLogger(__name__)

CACHE_BYTES = 16e9
"""Memory for the keys and values of a batch, at the most; one prompt is always decoded. Halved where memory runs out."""

_DENSE = 8192  # tokens under a dense mask, about; its size grows with the square


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
    """Decode prompts as one batch, whose caches end in the same column."""
    device, end = model.device, model.frontend.end_of_turn
    cache, hidden = _read(model, prompts)
    lengths = torch.tensor([len(prompt.ids) for prompt in prompts], device=device)
    seen = torch.arange(int(lengths.max()), device=device)[None] >= lengths.max() - lengths[:, None]
    next_positions = lengths[:, None]
    answers: list[list[int]] = [[] for _ in prompts]
    rows = list(range(len(prompts)))  # of the prompts that are in the cache
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


def _read(model: CausalModel, prompts: Sequence[Prompt]) -> tuple[Any, torch.Tensor]:
    """Run the model over prompts, what those of an utterance share once.

    Returns:
        Key-value cache with a row for each prompt, padded in front, and hidden states of their last tokens, shape
        ``(prompts, hidden)``.
    """
    longest = max(len(prompt.ids) for prompt in prompts)
    of_audio: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        of_audio.setdefault(id(prompt.audio), []).append(row)
    layers: list[list[tuple[torch.Tensor, torch.Tensor]]] = []
    order, hidden = [], []
    tries = [Trie.build([prompts[row].ids for row in rows]) for rows in of_audio.values()]
    for group in _groups(list(zip(of_audio.values(), tries, strict=True))):
        forest = Forest.pack([trie for _, trie in group], LabelTree((), (), (), ()))
        subtree_ends, depths = (to_device(torch.from_numpy(values), model.device) for values in (forest.subtree_ends, forest.depths))
        cache = model.new_cache()
        embeddings = embed(model, forest.tokens, [prompts[rows[0]].audio for rows, _ in group])
        states = model.forward(embeddings, mask=dense_mask(subtree_ends), positions=depths[None], cache=cache)[0]
        ends = forest.places[:, 0]
        paths = to_device(torch.from_numpy(np.stack([forest.path(end, longest) for end in ends])), model.device)
        layers.append([(_rows(layer.keys, paths), _rows(layer.values, paths)) for layer in cache.layers])
        hidden.append(states[to_device(torch.from_numpy(ends), model.device)])
        order += [row for rows, _ in group for row in rows]
    back = torch.tensor(np.argsort(order), device=model.device)
    together = model.new_cache()
    for index, parts in enumerate(zip(*layers, strict=True)):
        keys, values = (torch.cat(kind)[back] for kind in zip(*parts, strict=True))
        together.update(keys, values, index)
    return together, torch.cat(hidden)[back]


def _groups(utterances: Sequence[tuple[list[int], Trie]]) -> Iterator[list[tuple[list[int], Trie]]]:
    """Utterances (rows of their prompts, and trie), as many as a dense mask may be long, at least one."""
    group: list[tuple[list[int], Trie]] = []
    for one in utterances:
        if group and sum(len(trie) for _, trie in group) + len(one[1]) > _DENSE:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _rows(cached: torch.Tensor, paths: torch.Tensor) -> torch.Tensor:
    """Keys or values along paths, shape ``(rows, heads, length, width)``, from those of a forest, ``(1, heads, tokens, width)``."""
    return cached[0][:, paths].transpose(0, 1)
