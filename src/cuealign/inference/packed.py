"""The packed engine: one forward pass for all conditions of several utterances.

All prompts of an utterance form one tree of tokens (:mod:`cuealign.inference.forest`). What they share, above all the audio,
is computed once. The tree of label answers is attached to every prompt, so the same pass gives the log-probability of every
label's full token sequence, and the exact greedy answer if the greedy path stays in the tree. If it leaves the tree, the
prompt is decoded. Other likely answers can be added to the tree (:mod:`cuealign.inference.answer_formats`). A pass takes
utterances up to a budget of tokens.

On a GPU, attention is FlexAttention with a block mask, which skips masked blocks; elsewhere it is dense.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch

from cuealign.core.errors import ModelError
from cuealign.inference.decoding import BatchDecoder, Decoder, Prompt
from cuealign.inference.embedding import embed
from cuealign.inference.ends import is_cut, one_end, picked
from cuealign.inference.forest import Forest
from cuealign.inference.labels import LabelTree, check_label_space
from cuealign.inference.masks import BLOCK, block_mask, dense_mask
from cuealign.inference.prefetch import PreparedRequest, prefetch
from cuealign.inference.rows import RowDecoder
from cuealign.models.base import CausalModel, Request, Responder, Response
from cuealign.models.finite import check_finite
from cuealign.models.transfer import to_device, to_host
from cuealign.prompts.labels import Label

logger = logging.getLogger(__name__)

_LOGIT_ROWS = 1024  # hidden states per computation of logits: 1024 × 150,000 × 4 bytes are 0.6 GB


@dataclass(frozen=True)
class _Pass:
    """A forward pass that has been started and may still be running.

    Attributes:
        batch: requests that it answers.
        tree: label tree attached to the prompts.
        result: waits for the pass and returns the scores of the labels, shape ``(prompts, labels)``, and the most probable next
            token at the end of each prompt and at each node, shape ``(prompts, 1 + nodes)``.
    """

    batch: list[PreparedRequest]
    tree: LabelTree
    result: Callable[[], tuple[torch.Tensor, ...]]


@dataclass(frozen=True)
class _Answered:
    """A finished pass: its scores, and which answers it gave.

    Attributes:
        batch: requests that it answers.
        tree: label tree attached to the prompts.
        scores: of the labels, shape ``(prompts, labels)``.
        greedy: place of each prompt's answer in the tree; None if the answer left it.
        left: prompts whose answer left the tree.
        last: whether it is the last pass of its batch, which was halved if there is more than one.
    """

    batch: list[PreparedRequest]
    tree: LabelTree
    scores: list[list[float]]
    greedy: list[int | None]
    left: list[Prompt]
    last: bool

    @property
    def utterances(self) -> int:
        return len(self.batch)


class PackedEngine(Responder):
    """Answers all prompts of several utterances in one pass.

    Args:
        model: an audio language model.
        labels: to score.
        budget: most tokens per pass; halved if memory runs out. An utterance with more tokens gets a pass for itself.
        workers: threads that prepare utterances ahead of the passes.
    """

    def __init__(self, model: CausalModel, labels: Sequence[Label], *, budget: int = 8192, workers: int = 0) -> None:
        sequences = [tuple(model.frontend.answer_ids(label.word)) for label in labels]
        check_label_space(labels, sequences, model)
        self.model, self.labels, self.budget, self.workers = model, sequences, budget, workers
        self.decoder: Decoder = RowDecoder(model) if model.device.type == "cuda" else BatchDecoder(model)
        self.tree = LabelTree.build(sequences)

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    def expect(self, answers: Sequence[tuple[int, ...]]) -> None:
        """Add answers that are no labels to the tree, from the next pass on; see :mod:`cuealign.inference.answer_formats`."""
        self.tree = LabelTree.build([*self.labels, *answers])

    @torch.inference_mode()
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        for one, decoded in self.decoder.run(self._passes(requests)):
            for place, responses in enumerate(self._all_responses(one, decoded), start=1):
                self.between_packs = one.last and place == len(one.batch)
                yield responses

    def _passes(self, requests: Sequence[Request]) -> Iterator[_Answered]:
        """Finished passes. While the device works on one, the results of the previous one are read."""
        running: list[_Pass] = []
        for batch in self._batches(prefetch(self.model.frontend, requests, workers=self.workers)):
            started = self._start(batch)
            yield from self._finished(running)
            running = started
        yield from self._finished(running)

    def _finished(self, passes: Sequence[_Pass]) -> Iterator[_Answered]:
        """The passes of a batch."""
        for one in passes:
            yield self._finish(one, last=one is passes[-1])

    def _batches(self, requests: Iterator[PreparedRequest]) -> Iterator[list[PreparedRequest]]:
        """Requests in batches within the budget of tokens, at least one request each."""
        batch: list[PreparedRequest] = []
        for request in requests:
            if batch and sum(map(self._size, batch)) + self._size(request) > self.budget:
                yield batch
                batch = []
            batch.append(request)
        if batch:
            yield batch

    def _size(self, request: PreparedRequest) -> int:
        """Tokens that a request adds to a pass."""
        return len(request.trie) + len(self.tree.tokens) * len(request.prompts)

    def _start(self, batch: list[PreparedRequest]) -> list[_Pass]:
        """Start the pass of a batch. If memory runs out, halve the batch, and the budget for good."""
        with suppress(torch.OutOfMemoryError):
            return [self._pass(batch)]
        # Here, after the block: while the exception exists, it keeps the memory of the failed pass.
        torch.cuda.empty_cache()
        if len(batch) > 1:
            self.budget //= 2
            logger.warning("out of GPU memory with %d utterances in a pass; batch_tokens is %d from here on", len(batch), self.budget)
            return self._start(batch[: len(batch) // 2]) + self._start(batch[len(batch) // 2 :])
        if self.decoder.give_memory_back():
            return self._start(batch)
        raise ModelError(
            f"utterance {batch[0].utterance}: its {self._size(batch[0])} tokens do not fit into the GPU's memory; "
            "use a GPU with more memory, or engine: prefix"
        )

    def _pass(self, batch: list[PreparedRequest]) -> _Pass:
        """Start one forward pass over all prompts of a batch, without waiting for it."""
        forest = Forest.pack([request.trie for request in batch], self.tree, self._length(sum(map(self._size, batch))))
        device = self.model.device
        depths, subtree_ends, places = (
            to_device(torch.from_numpy(values), device) for values in (forest.depths, forest.subtree_ends, forest.places)
        )
        embeddings = embed(self.model, forest.tokens, [request.audio for request in batch])
        mask = block_mask(subtree_ends) if device.type == "cuda" else dense_mask(subtree_ends)
        hidden = self.model.forward(embeddings, mask=mask, positions=depths[None])[0]
        return _Pass(batch, self.tree, to_host(*self._read(hidden, places)))

    def _finish(self, one: _Pass, *, last: bool) -> _Answered:
        """Wait for a pass, and find the answers that left the tree."""
        scores, best = (values.tolist() for values in one.result())
        greedy = [one.tree.greedy(row) for row in best]
        prompts = [Prompt(request.utterance, ids, request.audio) for request in one.batch for ids in request.prompts]
        left = [prompt for prompt, found in zip(prompts, greedy, strict=True) if found is None]
        return _Answered(one.batch, one.tree, scores, greedy, left, last)

    def _all_responses(self, one: _Answered, decoded: Sequence[list[int]]) -> Iterator[list[Response]]:
        """The responses of each request of a pass."""
        rest = map(tuple, decoded)
        answers = [one.tree.sequences[found] if found is not None else next(rest) for found in one.greedy]
        first = 0
        for request in one.batch:
            rows = slice(first, first + len(request.prompts))
            yield self._responses(request, one.scores[rows], answers[rows], one.greedy[rows])
            first = rows.stop

    def _length(self, size: int) -> int:
        """Padded length of a sequence of ``size`` tokens: whole blocks on a GPU."""
        return -(-size // BLOCK) * BLOCK if self.model.device.type == "cuda" else size

    def _read(self, hidden: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of the labels and most probable next tokens, from the hidden states at ``places``."""
        steps = [
            (label, node + 1, token)
            for label, sequence in enumerate(self.labels)
            for node, token in zip(self.tree.walk(sequence), sequence, strict=True)
        ]
        label_of, node_of, token_of = (to_device(torch.tensor(values), hidden.device) for values in zip(*steps, strict=True))
        scores, best = [], []
        for part in places.split(max(1, _LOGIT_ROWS // places.shape[1])):
            logits = self.model.logits(hidden[part])
            found = picked(self.model, logits, node_of, token_of)
            scores.append(torch.zeros(len(part), len(self.labels), device=hidden.device).index_add_(1, label_of, found))
            best.append(one_end(self.model, logits.argmax(-1)))
        return torch.cat(scores), torch.cat(best)

    def _responses(
        self, request: PreparedRequest, scores_of: Sequence[list[float]], answers: Sequence[tuple[int, ...]], greedy: Sequence[int | None]
    ) -> list[Response]:
        texts = {answer: self.model.frontend.read(answer) for answer in set(answers)}
        responses = []
        for ids, scores, answer, found in zip(request.prompts, scores_of, answers, greedy, strict=True):
            check_finite(scores, request.utterance)
            reasoning, text = texts[answer]
            responses.append(
                Response(
                    answer=text,
                    label_logprobs=tuple(scores),
                    path="decoded" if found is None else "label" if found < len(self.labels) else "expected",
                    reasoning=reasoning,
                    answer_tokens=len(answer),
                    prompt_tokens=len(ids),
                    audio_tokens=request.audio.tokens,
                    audio_truncated=request.audio.truncated,
                    cut=is_cut(self.model, answer),
                )
            )
        return responses
