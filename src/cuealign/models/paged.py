"""Keys and values of many answers in pages of one pool, and attention to them.

Rows come and go, and prompts that begin alike share pages: a row is a list of pages, in any order in the pool. A model of
transformers attends through :func:`attend`, which asks a :class:`Reading` (a pass over prompts) or a :class:`Step` (one more
token of every row) to keep the new keys and values and to compute the attention.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.attention.flex_attention import BlockMask, flex_attention
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from cuealign.models.paged_kernel import PAGE, attend_rows

NAME = "cuealign_paged"
"""Name of this attention in a config of transformers."""

_flex = torch.compile(flex_attention, dynamic=True)


class Pages:
    """A pool of pages. Page 0 belongs to nobody: rows that are free write there.

    Args:
        count: of pages, of :data:`PAGE` tokens each.
        layers, heads, width: of the model's keys and values.
        dtype, device: of the pool.
    """

    def __init__(self, count: int, *, layers: int, heads: int, width: int, dtype: torch.dtype, device: torch.device) -> None:
        self.count = count
        shape = (count * PAGE, heads, width)
        self.keys, self.values = ([torch.zeros(shape, dtype=dtype, device=device) for _ in range(layers)] for _ in range(2))


@dataclass(frozen=True)
class Reading:
    """A pass over prompts in one sequence, whose keys and values are kept.

    Attributes:
        pages: the pool.
        sources: places of tokens in the sequence, shape ``(kept,)``; one that several rows need may occur several times.
        slots: where the keys and values of each go: page × :data:`PAGE` + place in the page, shape ``(kept,)``.
    """

    pages: Pages
    sources: torch.Tensor
    slots: torch.Tensor

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | BlockMask, scale: float
    ) -> torch.Tensor:
        """Attention within the sequence, shape ``(1, length, heads, width)``; arguments are as transformers gives them."""
        for pool, new in ((self.pages.keys[layer], key), (self.pages.values[layer], value)):
            pool.index_copy_(0, self.slots, new[0].transpose(0, 1)[self.sources])
        groups = query.shape[1] // key.shape[1]
        key, value = (states.repeat_interleave(groups, dim=1) for states in (key, value))
        if isinstance(mask, BlockMask):
            # The layers around it are not compiled here: each has a pool of its own.
            with torch.compiler.set_stance("default"):
                return _flex(query, key, value, block_mask=mask, scale=scale).transpose(1, 2)
        return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale).transpose(1, 2)


@dataclass(frozen=True)
class Step:
    """One more token of every row.

    Attributes:
        pages: the pool.
        tables: pages of each row, in order, int32, shape ``(rows, most)``.
        lengths: tokens of each row before this one, shape ``(rows,)``.
        slots: where the keys and values of the new tokens go, shape ``(rows,)``.
    """

    pages: Pages
    tables: torch.Tensor
    lengths: torch.Tensor
    slots: torch.Tensor

    @classmethod
    def after(cls, pages: Pages, tables: torch.Tensor, lengths: torch.Tensor) -> "Step":
        """The step after ``lengths`` tokens of each row."""
        page = tables.gather(1, (lengths // PAGE)[:, None])[:, 0].long()
        return cls(pages, tables, lengths, page * PAGE + lengths % PAGE)

    def attend(self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, _mask: None, scale: float) -> torch.Tensor:
        """Attention of each row's new token to the row, shape ``(rows, 1, heads, width)``."""
        keys, values = self.pages.keys[layer], self.pages.values[layer]
        keys.index_copy_(0, self.slots, key[:, :, 0])
        values.index_copy_(0, self.slots, value[:, :, 0])
        return attend_rows(query[:, :, 0], keys, values, self.tables, self.lengths + 1, scale)[:, None]


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any,
    *,
    scaling: float,
    paged: Reading | Step,
    **_options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of a layer, as transformers calls it; ``paged`` comes from the arguments of the language model."""
    return paged.attend(module.layer_idx, query, key, value, attention_mask, scaling), None


AttentionInterface.register(NAME, attend)
