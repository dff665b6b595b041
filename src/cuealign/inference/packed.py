"""The packed engine: one forward pass for all conditions of several utterances.

All prompts of an utterance are one tree of tokens (:mod:`cuealign.inference.forest`): what they share, the audio first of
all, is computed once, however long; behind each prompt hangs the tree of label answers, so that the same pass gives the
log-probability of every label's full token sequence and the exact greedy answer wherever the greedy path is one of the
tree's. Where it leaves them, that prompt is decoded on; answers that are to be expected besides the labels' very words can
hang in the tree as well (:mod:`cuealign.inference.answer_formats`). Utterances are packed up to a budget of tokens.

On a GPU, attention is FlexAttention with a block mask, which skips what no token sees; elsewhere it is dense.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from cuealign.core.errors import ModelError
from cuealign.inference.decoding import Prompt, decode_greedily
from cuealign.inference.embedding import embed
from cuealign.inference.forest import Forest
from cuealign.inference.labels import LabelTree, check_label_space
from cuealign.inference.masks import BLOCK, block_mask, dense_mask
from cuealign.inference.prefetch import PreparedRequest, prefetch
from cuealign.models.base import CausalModel, Request, Responder, Response
from cuealign.models.finite import check_finite
from cuealign.models.transfer import to_device, to_host
from cuealign.prompts.labels import Label

logger = logging.getLogger(__name__)

_LOGIT_ROWS = 1024  # hidden states turned into logits at a time: 1024 × 150,000 × 4 bytes are 0.6 GB


@dataclass(frozen=True)
class _Pass:
    """A forward pass that was started, and perhaps still runs.

    Attributes:
        pack: what it answers.
        tree: label tree that hangs behind its prompts.
        result: waits for scores of the labels, shape ``(prompts, labels)``, and the most probable token at the end of each
            prompt and at each node, shape ``(prompts, 1 + nodes)``.
    """

    pack: list[PreparedRequest]
    tree: LabelTree
    result: Callable[[], tuple[torch.Tensor, ...]]


class PackedEngine(Responder):
    """Answers all prompts of several utterances in one pass.

    Args:
        model: an audio language model.
        labels: to be scored.
        budget: tokens of a pass; halved where memory runs out. An utterance with more tokens has a pass of its own.
        workers: threads that make utterances ready ahead of the passes.
    """

    def __init__(self, model: CausalModel, labels: Sequence[Label], *, budget: int = 8192, workers: int = 0) -> None:
        sequences = [tuple(model.frontend.answer_ids(label.word)) for label in labels]
        check_label_space(labels, sequences, model.max_new_tokens)
        self.model, self.labels, self.budget, self.workers = model, sequences, budget, workers
        self.tree = LabelTree.build(sequences)

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    def expect(self, answers: Sequence[tuple[int, ...]]) -> None:
        """Hang further answers into the tree, none of them a label's, from the next pass on (see ``answer_formats``)."""
        self.tree = LabelTree.build([*self.labels, *answers])

    @torch.inference_mode()
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        running: list[_Pass] = []
        for pack in self._packs(prefetch(self.model.frontend, requests, workers=self.workers)):
            started = self._start(pack)
            # While the device works on this pack, the answers of the one before it are read.
            for one in running:
                yield from self._finish(one)
            running = started
        for one in running:
            yield from self._finish(one)

    def _packs(self, ready: Iterator[PreparedRequest]) -> Iterator[list[PreparedRequest]]:
        """Sweeps in packs of as many tokens as the budget allows, at least one each."""
        pack: list[PreparedRequest] = []
        for one in ready:
            if pack and sum(map(self._size, pack)) + self._size(one) > self.budget:
                yield pack
                pack = []
            pack.append(one)
        if pack:
            yield pack

    def _size(self, ready: PreparedRequest) -> int:
        """Tokens that a request adds to a pass."""
        return len(ready.trie) + len(self.tree.tokens) * len(ready.prompts)

    def _start(self, pack: list[PreparedRequest]) -> list[_Pass]:
        """Start the pass of a pack; where memory runs out, in halves, and from then on with half the budget."""
        try:
            return [self._pass(pack)]
        except torch.OutOfMemoryError:
            if len(pack) == 1:
                raise ModelError(
                    f"utterance {pack[0].utterance}: its {self._size(pack[0])} tokens do not fit into the GPU's memory; "
                    "take a GPU with more memory, or engine: prefix"
                ) from None
        # Only now is the memory of the failed pass free: an exception keeps what its frames hold.
        torch.cuda.empty_cache()
        self.budget //= 2
        logger.warning("out of GPU memory with %d utterances in a pass; pack_tokens is %d from here on", len(pack), self.budget)
        return self._start(pack[: len(pack) // 2]) + self._start(pack[len(pack) // 2 :])

    def _pass(self, pack: list[PreparedRequest]) -> _Pass:
        """One forward pass over all prompts of a pack; does not wait for it."""
        forest = Forest.pack([ready.trie for ready in pack], self.tree, self._length(sum(map(self._size, pack))))
        device = self.model.device
        depths, subtree_ends, places = (
            to_device(torch.from_numpy(values), device) for values in (forest.depths, forest.subtree_ends, forest.places)
        )
        embeddings = embed(self.model, forest.tokens, [ready.audio for ready in pack])
        mask = block_mask(subtree_ends) if device.type == "cuda" else dense_mask(subtree_ends)
        hidden = self.model.forward(embeddings, mask=mask, positions=depths[None])[0]
        return _Pass(pack, self.tree, to_host(*self._read(hidden, places)))

    def _finish(self, one: _Pass) -> Iterator[list[Response]]:
        """Wait for a pass and make its responses."""
        all_scores, best = (values.tolist() for values in one.result())
        greedy = [one.tree.greedy(row) for row in best]
        asked = [Prompt(ready.utterance, ids, ready.audio) for ready in one.pack for ids in ready.prompts]
        strays = [row for row, found in enumerate(greedy) if found is None]
        decoded = map(tuple, decode_greedily(self.model, [asked[row] for row in strays]))
        answers = [one.tree.sequences[found] if found is not None else next(decoded) for found in greedy]
        first = 0
        for ready in one.pack:
            rows = slice(first, first + len(ready.prompts))
            yield self._responses(ready, all_scores[rows], answers[rows], greedy[rows])
            first = rows.stop

    def _length(self, size: int) -> int:
        """Length of the sequence for ``size`` tokens: whole blocks on a GPU."""
        return -(-size // BLOCK) * BLOCK if self.model.device.type == "cuda" else size

    def _read(self, hidden: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of the labels, and most probable tokens, from the hidden states behind each prompt."""
        steps = [
            (label, node + 1, token)
            for label, sequence in enumerate(self.labels)
            for node, token in zip(self.tree.walk(sequence), sequence, strict=True)
        ]
        label_of, node_of, token_of = (to_device(torch.tensor(values), hidden.device) for values in zip(*steps, strict=True))
        scores, best = [], []
        for part in places.split(max(1, _LOGIT_ROWS // places.shape[1])):
            logits = self.model.logits(hidden[part])
            picked = logits[:, node_of, token_of] - logits.logsumexp(-1)[:, node_of]
            scores.append(torch.zeros(len(part), len(self.labels), device=hidden.device).index_add_(1, label_of, picked))
            best.append(logits.argmax(-1))
        return torch.cat(scores), torch.cat(best)

    def _responses(
        self, ready: PreparedRequest, scores_of: Sequence[list[float]], answers: Sequence[tuple[int, ...]], greedy: Sequence[int | None]
    ) -> list[Response]:
        texts = {answer: self.model.frontend.read(answer) for answer in set(answers)}
        responses = []
        for ids, scores, answer, found in zip(ready.prompts, scores_of, answers, greedy, strict=True):
            check_finite(scores, ready.utterance)
            reasoning, text = texts[answer]
            responses.append(
                Response(
                    answer=text,
                    label_logprobs=tuple(scores),
                    path="decoded" if found is None else "label" if found < len(self.labels) else "expected",
                    reasoning=reasoning,
                    answer_tokens=len(answer),
                    prompt_tokens=len(ids),
                    audio_tokens=ready.audio.tokens,
                    audio_truncated=ready.audio.truncated,
                )
            )
        return responses
