"""Attention of one token per row to keys and values in pages: a Triton kernel on a GPU, and the same in torch elsewhere.

What a row gets depends on that row alone, bit by bit: each has programs of its own, which go through its pages in order.
"""

from __future__ import annotations  # those of the kernel are names of Triton, which may be missing

import math

import torch
from torch.nn.functional import scaled_dot_product_attention

try:
    import triton
    from triton import language as tl
except ImportError:  # torch for the CPU comes without it
    triton = None

PAGE = 16
"""Tokens of a page."""

_TILE, _TILE_BYTES = 64, 16_384  # most tokens of a row that a program takes at a time, and most memory for their keys
_LEAST = 16  # rows and columns of the smallest matrix product of a tensor core


def attend_rows(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, tables: torch.Tensor, lengths: torch.Tensor, scale: float
) -> torch.Tensor:
    """Attention of each row's query to the row's tokens.

    Args:
        query: shape ``(rows, heads, width)``.
        keys, values: of all pages, shape ``(pages × PAGE, key heads, width)``; heads are a multiple of key heads.
        tables: pages of each row, int32, shape ``(rows, most)``.
        lengths: tokens of each row, at least 1, shape ``(rows,)``.
        scale: factor of the products before the softmax.

    Returns:
        Shape ``(rows, heads, width)``.
    """
    return (_on_gpu if query.is_cuda and triton is not None else _in_torch)(query, keys, values, tables, lengths, scale)


def _in_torch(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, tables: torch.Tensor, lengths: torch.Tensor, scale: float
) -> torch.Tensor:
    most = int(lengths.max())
    places = torch.arange(most, device=query.device)
    slots = tables[:, places // PAGE].long() * PAGE + places % PAGE
    groups = query.shape[1] // keys.shape[1]
    mine = ((pool[slots].transpose(1, 2).repeat_interleave(groups, dim=1)) for pool in (keys, values))
    seen = (places[None] < lengths[:, None])[:, None, None]
    return scaled_dot_product_attention(query[:, :, None], *mine, attn_mask=seen, scale=scale)[:, :, 0]


def _on_gpu(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, tables: torch.Tensor, lengths: torch.Tensor, scale: float
) -> torch.Tensor:
    rows, heads, width = query.shape
    key_heads, width_tile = keys.shape[1], max(_LEAST, 1 << (width - 1).bit_length())
    query, out = query.contiguous(), torch.empty_like(query, memory_format=torch.contiguous_format)
    _KERNEL[rows, key_heads](
        *(query, keys, values, tables, lengths, out, scale * math.log2(math.e), tables.stride(0)),
        KEY_HEADS=key_heads,
        GROUP=heads // key_heads,
        GROUP_TILE=max(_LEAST, 1 << (heads // key_heads - 1).bit_length()),
        WIDTH=width,
        WIDTH_TILE=width_tile,
        PAGE=PAGE,
        TILE=max(_LEAST, min(_TILE, _TILE_BYTES // (width_tile * keys.element_size()))),
        PRECISION="ieee" if query.dtype == torch.float32 else "tf32",
        num_warps=4,
        num_stages=2,
    )
    return out


def _row(
    query,
    keys,
    values,
    tables,
    lengths,
    out,
    scale,
    table_stride,
    KEY_HEADS: tl.constexpr,  # noqa: N803 (constants of the compiled kernel)
    GROUP: tl.constexpr,  # noqa: N803
    GROUP_TILE: tl.constexpr,  # noqa: N803
    WIDTH: tl.constexpr,  # noqa: N803
    WIDTH_TILE: tl.constexpr,  # noqa: N803
    PAGE: tl.constexpr,  # noqa: N803
    TILE: tl.constexpr,  # noqa: N803
    PRECISION: tl.constexpr,  # noqa: N803
):
    """A program: the heads that share one key head of one row, by a softmax that goes along (Milakov & Gimelshein, 2018)."""
    row, key_head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    length = tl.load(lengths + row)
    members, dims, tile = tl.arange(0, GROUP_TILE), tl.arange(0, WIDTH_TILE), tl.arange(0, TILE)
    place = ((row * KEY_HEADS + key_head) * GROUP + members)[:, None] * WIDTH + dims[None]
    used = (members < GROUP)[:, None] & (dims < WIDTH)[None]
    mine = tl.load(query + place, mask=used, other=0.0)
    highest = tl.full([GROUP_TILE], float("-inf"), tl.float32)
    total = tl.zeros([GROUP_TILE], tl.float32)
    summed = tl.zeros([GROUP_TILE, WIDTH_TILE], tl.float32)
    for start in range(0, length, TILE):
        places = start + tile
        within = places < length
        page = tl.load(tables + row * table_stride + places // PAGE, mask=within, other=0)
        slot = (page.to(tl.int64) * PAGE + places % PAGE) * KEY_HEADS + key_head
        from_pool, loaded = slot[:, None] * WIDTH + dims[None], within[:, None] & (dims < WIDTH)[None]
        key = tl.load(keys + from_pool, mask=loaded, other=0.0)
        value = tl.load(values + from_pool, mask=loaded, other=0.0)
        score = tl.dot(mine, tl.trans(key), input_precision=PRECISION) * scale
        score = tl.where(within[None], score, float("-inf"))
        now = tl.maximum(highest, tl.max(score, 1))
        weight, before = tl.exp2(score - now[:, None]), tl.exp2(highest - now)
        total = total * before + tl.sum(weight, 1)
        summed = summed * before[:, None] + tl.dot(weight.to(value.dtype), value, input_precision=PRECISION)
        highest = now
    tl.store(out + place, (summed / total[:, None]).to(out.dtype.element_ty), mask=used)


_KERNEL = triton.jit(_row) if triton is not None else None
