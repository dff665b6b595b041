"""All prompts of an utterance as one tree of tokens, laid out so that a single number per token says who sees whom.

Prompts that start alike share their tokens; behind each prompt hangs the tree of label answers. Tokens lie in depth-first
order, so that the descendants of a token are the tokens behind it up to its *exit*: a token sees the tokens before it
whose exit lies behind it, which are its ancestors, and nothing else. The hidden state of a token is then the one that it
has at the end of its own prompt alone, and several trees, of several utterances, can share a sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cuealign.inference.labels import LabelTree


@dataclass(frozen=True)
class Trie:
    """Prompts of one utterance, shared beginnings merged.

    Attributes:
        tokens: id of each token, in depth-first order, shape ``(n,)``.
        depths: distance from the start, which is the position id, shape ``(n,)``.
        subtree_ends: index behind the last descendant of each token, shape ``(n,)``.
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

        In lexicographic order the prompts are a depth-first walk: each adds the tokens after what it shares with the
        one before it.

        Raises:
            ValueError: if a prompt is empty or two are equal.
        """
        order = sorted(range(len(prompts)), key=lambda number: prompts[number])
        tokens: list[int] = []
        depths: list[int] = []
        subtree_ends: list[int] = []
        path: list[int] = []  # indices of the tokens of the prompt before
        ends = np.empty(len(prompts), dtype=np.int64)
        before: Sequence[int] = ()
        for number in order:
            prompt = prompts[number]
            shared, most = 0, min(len(before), len(prompt))
            while shared < most and before[shared] == prompt[shared]:
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
            before = prompt
        for index in path:
            subtree_ends[index] = len(tokens)
        return cls(np.array(tokens), np.array(depths), np.array(subtree_ends), ends, np.array([len(prompt) for prompt in prompts]))


@dataclass(frozen=True)
class Forest:
    """Tries of several utterances in one sequence, label trees behind every prompt.

    Attributes:
        tokens, depths, subtree_ends: as those of :class:`Trie`, shape ``(length,)``; padding sees itself only.
        places: index of the last token of each prompt and of the nodes behind it, shape ``(prompts, 1 + nodes)``,
            prompts of all utterances one after the other.
        used: tokens that are not padding.
    """

    tokens: np.ndarray
    depths: np.ndarray
    subtree_ends: np.ndarray
    places: np.ndarray
    used: int

    def path(self, place: int, length: int) -> np.ndarray:
        """Indices of a token and all before it in its prompt, which are the tokens that it sees; 0 in front, up to ``length``."""
        seen = np.flatnonzero(self.subtree_ends[: place + 1] > place)
        return np.concatenate([np.zeros(length - len(seen), dtype=seen.dtype), seen])

    @classmethod
    def pack(cls, tries: Sequence[Trie], tree: LabelTree, length: int | None = None) -> "Forest":
        """Lay tries out one behind the other.

        Args:
            tries: one per utterance.
            tree: answers that hang behind every prompt.
            length: of the sequence, filled up with padding; None for no padding.

        Raises:
            ValueError: if the tries are longer than ``length``.
        """
        nodes = len(tree.tokens)
        kinds: dict[str, list[np.ndarray]] = {"tokens": [], "depths": [], "subtree_ends": [], "places": []}
        offset = 0
        for trie in tries:
            size = len(trie) + nodes * len(trie.ends)
            # Room for the nodes right behind each prompt's last token; everything after it moves back.
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
