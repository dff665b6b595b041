"""Greedy decoding of several prompts that share a beginning, as one batch over a key-value cache."""

from collections.abc import Sequence
from typing import Any

import torch

from cuealign.models.base import CausalModel


def expand(model: CausalModel, prefix: Any, rows: int) -> Any:
    """A cache of ``rows`` copies of ``prefix``, which is left as it is."""
    cache = model.new_cache()
    for index, layer in enumerate(prefix.layers):
        cache.update(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1), index)
    return cache


def decode_greedily(model: CausalModel, prefix: Any, shared: int, suffixes: Sequence[Sequence[int]]) -> list[list[int]]:
    """Greedy answers to prompts.

    Args:
        model: an audio language model.
        prefix: key-value cache of what the prompts share, batch 1; left as it is.
        shared: its length.
        suffixes: the rest of each prompt, at least one token each.

    Returns:
        New tokens of each prompt, up to its end of turn or the model's limit.
    """
    rows, longest = len(suffixes), max(map(len, suffixes))
    missing = torch.tensor([longest - len(suffix) for suffix in suffixes])
    # Padded in front, so that all prompts end in the same column.
    ids = torch.tensor([[suffix[0]] * (longest - len(suffix)) + list(suffix) for suffix in suffixes])
    columns = torch.arange(longest)
    real = columns[None] >= missing[:, None]
    seen = torch.cat([torch.ones(rows, shared, dtype=torch.bool), real], dim=1)
    causal = torch.ones(longest, longest, dtype=torch.bool).tril()
    # A padding token sees itself, so that no row of attention is empty; nobody sees it.
    within = causal[None] & (real[:, None] | torch.eye(longest, dtype=torch.bool)[None])
    mask = torch.cat([torch.ones(rows, longest, shared, dtype=torch.bool), within], dim=2)
    positions = (shared + columns[None] - missing[:, None]).clamp(min=0)

    cache, answers = expand(model, prefix, rows), [[] for _ in suffixes]
    open_rows = set(range(rows))
    while True:
        hidden = model.forward(
            model.embed_text(ids.to(model.device)),
            mask=mask[:, None].to(model.device),
            positions=positions.to(model.device),
            cache=cache,
        )
        best = model.logits(hidden[:, -1]).argmax(-1).tolist()
        for row in list(open_rows):
            answers[row].append(best[row])
            if best[row] == model.frontend.end_of_turn or len(answers[row]) == model.max_new_tokens:
                open_rows.discard(row)
        if not open_rows:
            return answers
        ids = torch.tensor(best)[:, None]
        seen = torch.cat([seen, torch.ones(rows, 1, dtype=torch.bool)], dim=1)
        mask, positions = seen[:, None], positions[:, -1:] + 1
