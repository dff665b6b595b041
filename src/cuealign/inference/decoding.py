"""Greedy decoding of answers that no pass gives: the interface, and decoding in batches, off a GPU.

On a GPU, answers are decoded in rows (:mod:`cuealign.inference.rows`).
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from cuealign.core.errors import ModelError
from cuealign.inference.embedding import embed
from cuealign.inference.ends import one_end
from cuealign.inference.forest import Forest, Trie
from cuealign.inference.labels import LabelTree
from cuealign.inference.masks import dense_mask
from cuealign.models.base import CausalModel, PreparedAudio
from cuealign.models.transfer import to_device

logger = logging.getLogger(__name__)

CACHE_BYTES = 16e9
"""Most memory (bytes) for the keys and values of a batch; a single prompt is decoded even if it needs more."""

_DENSE = 8192  # most tokens under one dense mask, unless one utterance has more: memory grows with the square


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


class Job(Protocol):
    """What leaves prompts to decode.

    Attributes:
        left: these prompts.
        utterances: how many utterances wait for them.
    """

    @property
    def left(self) -> Sequence[Prompt]: ...

    @property
    def utterances(self) -> int: ...


_Job = TypeVar("_Job", bound=Job)


class Decoder(ABC):
    """Decodes what jobs leave."""

    @abstractmethod
    def run(self, jobs: Iterator[_Job]) -> Iterator[tuple[_Job, list[list[int]]]]:
        """Yield each job with the answers to its prompts, in order. More jobs may be taken before one is finished.

        Answers are greedy: new tokens up to the end of turn (included) or the model's limit.

        Raises:
            ModelError: if the GPU has too little memory for a single prompt.
        """

    def give_memory_back(self) -> bool:
        """Free the decoder's memory; False if it holds none. Answers that are not finished are decoded again."""
        return False


class BatchDecoder(Decoder):
    """Decodes the prompts of each job as one batch, or several if memory is short.

    Args:
        model: an audio language model.
    """

    def __init__(self, model: CausalModel) -> None:
        self.model = model

    def run(self, jobs: Iterator[_Job]) -> Iterator[tuple[_Job, list[list[int]]]]:
        for job in jobs:
            yield job, decode_greedily(self.model, job.left)


@contextmanager
def at_most(model: CausalModel, tokens: int) -> Iterator[None]:
    """Within the block, limit answers to ``tokens``, or to the model's own limit if that is lower."""
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
        New tokens of each prompt, up to the end of turn (included) or the model's limit.

    Raises:
        ModelError: if the GPU has too little memory for a single prompt.
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
    """Indices of prompts of about the same length, as many at a time as :data:`CACHE_BYTES` allows."""
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
    """Decode a batch; None if memory runs out and the batch can be halved."""
    try:
        return _decode(model, prompts)
    except torch.OutOfMemoryError:
        if len(prompts) == 1:
            raise ModelError(
                f"utterance {prompts[0].utterance}: too little GPU memory to decode one answer; "
                "use a GPU with more memory, or lower max_new_tokens"
            ) from None
    # Here, after the except block: while the exception exists, it keeps the memory of the failed attempt.
    torch.cuda.empty_cache()
    logger.warning("out of GPU memory with %d answers to decode at a time; trying half as many", len(prompts))
    return None


def _decode(model: CausalModel, prompts: Sequence[Prompt]) -> list[list[int]]:
    """Decode prompts as one batch. Caches are padded in front, so that all end in the same column."""
    device, end = model.device, model.frontend.end_of_turn
    cache, hidden = _read(model, prompts)
    lengths = torch.tensor([len(prompt.ids) for prompt in prompts], device=device)
    seen = torch.arange(int(lengths.max()), device=device)[None] >= lengths.max() - lengths[:, None]
    next_positions = lengths[:, None]
    answers: list[list[int]] = [[] for _ in prompts]
    rows = list(range(len(prompts)))  # indices of the prompts that are in the cache
    for step in range(model.max_new_tokens):
        best = one_end(model, model.logits(hidden).argmax(-1))
        for row, token in zip(rows, best.tolist(), strict=True):
            if not answers[row] or answers[row][-1] != end:
                answers[row].append(token)
        unfinished = [place for place, row in enumerate(rows) if answers[row][-1] != end]
        if not unfinished or step + 1 == model.max_new_tokens:
            break
        if 2 * len(unfinished) <= len(rows):
            rows = [rows[place] for place in unfinished]
            kept = torch.tensor(unfinished, device=device)
            cache.batch_select_indices(kept)
            best, seen, next_positions = best[kept], seen[kept], next_positions[kept]
        seen = torch.cat([seen, seen.new_ones(len(rows), 1)], dim=1)
        hidden = model.forward(model.embed_text(best[:, None]), mask=seen[:, None, None], positions=next_positions, cache=cache)[:, -1]
        next_positions = next_positions + 1
    return answers


def _read(model: CausalModel, prompts: Sequence[Prompt]) -> tuple[Any, torch.Tensor]:
    """Run the model over prompts; what the prompts of an utterance share is run once.

    Returns:
        Key-value cache with a row for each prompt, padded in front; and hidden states of the last tokens, shape
        ``(prompts, hidden)``.
    """
    longest = max(len(prompt.ids) for prompt in prompts)
    layers: list[list[tuple[torch.Tensor, torch.Tensor]]] = []
    order, hidden = [], []
    for group in in_groups(by_audio(prompts), _DENSE):
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


def by_audio(prompts: Sequence[Prompt]) -> list[tuple[list[int], Trie]]:
    """Prompts of each audio: their places among the prompts, and their trie."""
    rows: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        rows.setdefault(id(prompt.audio), []).append(row)
    return [(of_audio, Trie.build([prompts[row].ids for row in of_audio])) for of_audio in rows.values()]


def in_groups(tries: Sequence[tuple[list[int], Trie]], most: int) -> Iterator[list[tuple[list[int], Trie]]]:
    """Audios (from :func:`by_audio`) in groups of at most ``most`` tokens, at least one each."""
    group: list[tuple[list[int], Trie]] = []
    for rows, trie in tries:
        if group and sum(len(other) for _, other in group) + len(trie) > most:
            yield group
            group = []
        group.append((rows, trie))
    if group:
        yield group


def _rows(cached: torch.Tensor, paths: torch.Tensor) -> torch.Tensor:
    """Keys or values along ``paths``: from a forest's, shape ``(1, heads, tokens, width)``, to ``(rows, heads, length, width)``."""
    return cached[0][:, paths].transpose(0, 1)
