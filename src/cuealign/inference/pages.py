"""Which pages hold which prompts. Prompts that begin alike share every page that they have in common.

A token of a forest has the same ancestors for every prompt that goes through it, so its place stands for all that came before. A
page is therefore shared if it is full and ends at the same place. The last page of a prompt, which its answer goes on in, is its
own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cuealign.inference.forest import Forest
from cuealign.models.paged_kernel import PAGE


@dataclass(frozen=True)
class Layout:
    """Prompts in pages, which are numbered from 0 and have no place in the pool yet.

    Attributes:
        prompts: pages of each prompt, in order.
        places: places in the forest of the tokens of each page, -1 behind the end of a prompt, shape ``(pages, PAGE)``.
    """

    prompts: list[list[int]]
    places: np.ndarray

    @classmethod
    def of(cls, forest: Forest, ends: Sequence[int], lengths: Sequence[int]) -> "Layout":
        """Lay out prompts.

        Args:
            forest: with the prompts.
            ends: place of each prompt's last token.
            lengths: tokens of each prompt.
        """
        shared: dict[int, int] = {}
        prompts: list[list[int]] = []
        places: list[np.ndarray] = []
        for end, length in zip(ends, lengths, strict=True):
            path, mine = forest.path(end, length), []
            for first in range(0, length - length % PAGE, PAGE):
                last = int(path[first + PAGE - 1])
                if last not in shared:
                    shared[last] = len(places)
                    places.append(path[first : first + PAGE])
                mine.append(shared[last])
            mine.append(len(places))
            places.append(np.pad(path[length - length % PAGE :], (0, PAGE - length % PAGE), constant_values=-1))
            prompts.append(mine)
        return cls(prompts, np.stack(places))

    def __len__(self) -> int:
        return len(self.places)


class FreePages:
    """Which pages of a pool are free, and how many rows hold each of the others. Page 0 is never given out.

    Args:
        count: pages of the pool.
    """

    def __init__(self, count: int) -> None:
        self._free = list(range(count - 1, 0, -1))
        self._holders = np.zeros(count, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._free)

    def take(self) -> int:
        """A free page, which nobody holds yet."""
        return self._free.pop()

    def hold(self, pages: Sequence[int]) -> None:
        """One holder more of each page."""
        for page in pages:
            self._holders[page] += 1

    def give_back(self, pages: Sequence[int]) -> None:
        """One holder less of each page; a page without holders is free."""
        for page in pages:
            self._holders[page] -= 1
            if self._holders[page] == 0:
                self._free.append(page)
