"""All prompts of an utterance as one tree of tokens, in an order in which one number per token defines the attention mask.

Prompts that start alike share their tokens; the tree of label answers is attached to the end of each prompt. Tokens are in
depth-first order, so the descendants of a token follow it directly, up to the end of its subtree. A token attends to the
earlier tokens whose subtree has not ended yet: these are its ancestors. Its hidden state is therefore the same as in its
own prompt alone, and the trees of several utterances can share a sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cuealign.inference.labels import LabelTree


@dataclass(frozen=True)
class Trie:
    """Prompts of one utterance, with common beginnings merged.

    Attributes:
        tokens: id of each token, in depth-first order, shape ``(n,)``.
        depths: distance from the start, which is the position id, shape ``(n,)``.
        subtree_ends: one past the index of each token's last descendant, shape ``(n,)``.
        ends: index of the last token of each prompt, in the prompts' own order, shape ``(prompts,)``.
        lengths: tokens of each prompt, shape ``(prompts,)``.
    """

    tokens: np.ndarray
    depths: np.ndarray
    subtree_ends: np.ndarray
    ends: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def build(cls, prompts: Sequence[Sequence[int]]) -> "Trie":
        """Merge prompts.

        In lexicographic order, the prompts are a depth-first walk: each adds the tokens that it does not share with the
        one before it.

        Raises:
            ValueError: if a prompt is empty or two are equal.
        """
        order = sorted(range(len(prompts)), key=lambda number: prompts[number])
        tokens: list[int] = []
        depths: list[int] = []
        subtree_ends: list[int] = []
        path: list[int] = []  # indices of the tokens of the previous prompt
        ends = np.empty(len(prompts), dtype=np.int64)
        previous: Sequence[int] = ()
        for number in order:
            prompt = prompts[number]
            shared, most = 0, min(len(previous), len(prompt))
            while shared < most and previous[shared] == prompt[shared]:
                shared += 1
            if shared == len(prompt):
                raise ValueError("a prompt is empty" if not len(prompt) else "two prompts are equal")
            for index in path[shared:]:
                subtree_ends[index] = len(tokens)
            del path[shared:]
            for depth in range(shared, len(prompt)):
                path.append(len(tokens))
                tokens.append(prompt[depth])
                depths.append(depth)
                subtree_ends.append(0)
            ends[number] = path[-1]
            previous = prompt
        for index in path:
            subtree_ends[index] = len(tokens)
        return cls(np.array(tokens), np.array(depths), np.array(subtree_ends), ends, np.array([len(prompt) for prompt in prompts]))


@dataclass(frozen=True)
class Forest:
    """Tries of several utterances in one sequence, with the label tree attached to every prompt.

    Attributes:
        tokens, depths, subtree_ends: as in :class:`Trie`, shape ``(length,)``; padding attends to itself only.
        places: indices of each prompt's last token and of the label nodes after it, shape ``(prompts, 1 + nodes)``;
            prompts of all utterances, concatenated.
        used: number of tokens that are not padding.
    """

    tokens: np.ndarray
    depths: np.ndarray
    subtree_ends: np.ndarray
    places: np.ndarray
    used: int

    def path(self, place: int, length: int) -> np.ndarray:
        """Indices of a token and its ancestors, which it attends to, in order; padded with 0 in front, up to ``length``."""
        seen = np.flatnonzero(self.subtree_ends[: place + 1] > place)
        return np.concatenate([np.zeros(length - len(seen), dtype=seen.dtype), seen])

    @classmethod
    def pack(cls, tries: Sequence[Trie], tree: LabelTree, length: int | None = None) -> "Forest":
        """Concatenate tries and attach the label tree to every prompt.

        Args:
            tries: one per utterance.
            tree: of label answers.
            length: of the padded sequence; None for no padding.

        Raises:
            ValueError: if the tries are longer than ``length``.
        """
        nodes = len(tree.tokens)
        kinds: dict[str, list[np.ndarray]] = {"tokens": [], "depths": [], "subtree_ends": [], "places": []}
        offset = 0
        for trie in tries:
            size = len(trie) + nodes * len(trie.ends)
            # The nodes go directly after each prompt's last token; all later tokens move back.
            ends = np.sort(trie.ends)
            moved = np.arange(len(trie)) + nodes * np.searchsorted(ends, np.arange(len(trie)), side="left")
            roots = moved[trie.ends]
            behind = roots[:, None] + 1 + np.arange(nodes)[None]
            tokens, depths, subtree_ends = (np.empty(size, dtype=np.int64) for _ in range(3))
            tokens[moved], depths[moved] = trie.tokens, trie.depths
            subtree_ends[moved] = trie.subtree_ends + nodes * np.searchsorted(ends, trie.subtree_ends, side="left")
            tokens[behind] = np.array(tree.tokens, dtype=np.int64)
            depths[behind] = (trie.lengths - 1)[:, None] + np.array(tree.depths, dtype=np.int64)
            subtree_ends[behind] = roots[:, None] + 1 + np.array(tree.subtree_ends, dtype=np.int64)
            kinds["tokens"].append(tokens)
            kinds["depths"].append(depths)
            kinds["subtree_ends"].append(subtree_ends + offset)
            kinds["places"].append(np.concatenate([roots[:, None], behind], axis=1) + offset)
            offset += size
        if length is not None and length < offset:
            raise ValueError(f"{offset} tokens do not fit into {length}")
        padding = np.arange(offset, offset if length is None else length)
        return cls(
            np.concatenate([*kinds["tokens"], np.zeros_like(padding)]),
            np.concatenate([*kinds["depths"], np.zeros_like(padding)]),
            np.concatenate([*kinds["subtree_ends"], padding + 1]),
            np.concatenate(kinds["places"]),
            offset,
        )
