"""Label answers as a tree of tokens, so that one forward pass scores all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cuealign.core.errors import ModelError
from cuealign.models.base import CausalModel
from cuealign.prompts.labels import Label


@dataclass(frozen=True)
class LabelTree:
    """Token sequences of all labels, with common beginnings merged.

    Every token of a label except its last is a node. The last one (end of turn) needs no node: its probability is read at its
    parent. Nodes are in depth-first order.

    Attributes:
        sequences: token ids of each label's full answer, end of turn included.
        tokens: token of each node.
        parents: parent of each node, -1 for the root (the end of the prompt).
        depths: distance of each node from the root, starting at 1.
    """

    sequences: tuple[tuple[int, ...], ...]
    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    depths: tuple[int, ...]

    @classmethod
    def build(cls, sequences: Sequence[Sequence[int]]) -> "LabelTree":
        """Merge the sequences.

        Raises:
            ValueError: if a sequence is empty or two are equal.
        """
        if any(len(sequence) == 0 for sequence in sequences):
            raise ValueError("a label has no tokens")
        if len({tuple(sequence) for sequence in sequences}) != len(sequences):
            raise ValueError("two labels have the same tokens")
        index: dict[tuple[int, ...], int] = {}
        tokens, parents, depths = [], [], []
        for sequence in sorted(map(tuple, sequences)):  # lexicographic order gives a depth-first walk
            for depth in range(1, len(sequence)):
                path = tuple(sequence[:depth])
                if path not in index:
                    index[path] = len(tokens)
                    tokens.append(path[-1])
                    parents.append(index.get(path[:-1], -1))
                    depths.append(depth)
        return cls(tuple(tuple(sequence) for sequence in sequences), tuple(tokens), tuple(parents), tuple(depths))

    @cached_property
    def subtree_ends(self) -> tuple[int, ...]:
        """One past the index of each node's last descendant."""
        last = list(range(1, len(self.tokens) + 1))
        for node in reversed(range(len(self.tokens))):
            if self.parents[node] >= 0:
                last[self.parents[node]] = max(last[self.parents[node]], last[node])
        return tuple(last)

    @cached_property
    def _children(self) -> dict[tuple[int, int], int]:
        return {(parent, token): node for node, (parent, token) in enumerate(zip(self.parents, self.tokens, strict=True))}

    @cached_property
    def _ends(self) -> dict[tuple[int, int], int]:
        """(node before the end, last token) to label."""
        return {(self.walk(sequence)[-1], sequence[-1]): label for label, sequence in enumerate(self.sequences)}

    def walk(self, sequence: Sequence[int]) -> list[int]:
        """Nodes at which each token of a label's sequence is predicted: root (-1) first, shape ``(len(sequence),)``."""
        nodes = [-1]
        for token in sequence[:-1]:
            nodes.append(self._children[nodes[-1], token])
        return nodes

    def greedy(self, best: Sequence[int]) -> int | None:
        """Label on the greedy path.

        Args:
            best: most probable next token at the root and then at each node, shape ``(1 + nodes,)``.

        Returns:
            Index of the label whose sequence the greedy path follows to its end, or None if the path leaves the tree.
        """
        node = -1
        while True:
            token = best[node + 1]
            if (node, token) in self._ends:
                return self._ends[node, token]
            if (node, token) not in self._children:
                return None
            node = self._children[node, token]

    def ancestors(self, node: int) -> list[int]:
        """The node and its ancestors, without the root."""
        chain = []
        while node >= 0:
            chain.append(node)
            node = self.parents[node]
        return chain


def check_label_space(labels: Sequence[Label], sequences: Sequence[Sequence[int]], model: CausalModel) -> None:
    """Check that each label can be answered and told from the others.

    Args:
        labels: with their words.
        sequences: token ids of each label's full answer, end of turn included.
        model: whose limit and ends count.

    Raises:
        ModelError: if two labels' answers have the same tokens, one is longer than the model's limit, or the model ends its
            answers with a token that a label needs.
    """
    seen: dict[tuple[int, ...], str] = {}
    for label, sequence in zip(labels, sequences, strict=True):
        other = seen.setdefault(tuple(sequence), label.name)
        if other != label.name:
            raise ModelError(f"labels {other!r} and {label.name!r} have the same tokens; give them different words in `answers`")
        if len(sequence) > model.max_new_tokens:
            raise ModelError(
                f"label {label.name!r} has {len(sequence)} tokens, more than max_new_tokens ({model.max_new_tokens}); raise it in the "
                "model's entry"
            )
        if ends := set(sequence[:-1]) & set(model.ends):
            raise ModelError(
                f"label {label.name!r}: its word {label.word!r} contains token {min(ends)}, with which the checkpoint ends its answers "
                "(eos_token_id in generation_config.json); use another word in `answers`"
            )
