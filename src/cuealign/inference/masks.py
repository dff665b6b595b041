"""Attention masks for a forest."""

import torch
from torch.nn.attention.flex_attention import BlockMask

BLOCK = 128
"""Tokens per block of FlexAttention; passes on a GPU are padded to whole blocks."""


def dense_mask(subtree_ends: torch.Tensor) -> torch.Tensor:
    """Mask of a forest, boolean, shape ``(1, 1, length, length)``: which token (row) attends to which (column).

    Args:
        subtree_ends: of a :class:`cuealign.inference.forest.Forest`.
    """
    place = torch.arange(len(subtree_ends), device=subtree_ends.device)
    return ((place[None] <= place[:, None]) & (place[:, None] < subtree_ends[None]))[None, None]


def block_mask(subtree_ends: torch.Tensor) -> BlockMask:
    """The same as :func:`dense_mask` for FlexAttention.

    Blocks are classified by ``subtree_ends`` alone. A block of queries attends to an earlier block of keys at all if the largest
    subtree end of the keys lies after the first query, and to all of it if the smallest lies after the last query.

    Args:
        subtree_ends: as in :func:`dense_mask`; their number is a multiple of :data:`BLOCK`.
    """

    def sees(_batch: torch.Tensor, _head: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        return (key <= query) & (query < subtree_ends[key])

    blocks = subtree_ends.view(-1, BLOCK)
    first = torch.arange(0, len(subtree_ends), BLOCK, device=subtree_ends.device)
    before = first[None] < first[:, None]
    everything = before & (blocks.amin(1)[None] >= first[:, None] + BLOCK)
    something = (before & (blocks.amax(1)[None] > first[:, None]) | (first[None] == first[:, None])) & ~everything
    counts_and_places = [
        part
        for seen in (something, everything)
        for part in (seen.sum(1, dtype=torch.int32)[None, None], seen.int().argsort(dim=1, descending=True, stable=True).int()[None, None])
    ]
    return BlockMask.from_kv_blocks(*counts_and_places, BLOCK_SIZE=BLOCK, mask_mod=sees)
