"""The prefix engine: the common beginning of an utterance's prompts is computed once.

For each utterance, the audio is encoded once and the longest common token prefix of all prompts is run once into a key-value
cache. The suffixes of the prompts follow as one batch over that cache. The tree of label answers is attached to each; every
branch attends to the prompt and its own ancestors only. One forward pass thus gives the log-probability of every label's full
token sequence, and the exact greedy answer if the greedy path is a label. Otherwise the prompt is decoded.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from cuealign.inference.decoding import Prompt, decode_greedily
from cuealign.inference.embedding import embed
from cuealign.inference.ends import is_cut, one_end, picked
from cuealign.inference.labels import LabelTree, check_label_space
from cuealign.models.base import CausalModel, PreparedAudio, Request, Responder, Response
from cuealign.models.finite import check_finite
from cuealign.prompts.labels import Label


class PrefixEngine(Responder):
    """Answers all prompts of an utterance together.

    Args:
        model: an audio language model.
        labels: to score.
        batch: most prompts per forward pass.
    """

    def __init__(self, model: CausalModel, labels: Sequence[Label], *, batch: int = 64) -> None:
        sequences = [model.frontend.answer_ids(label.word) for label in labels]
        check_label_space(labels, sequences, model)
        self.model, self.batch = model, batch
        self.tree = LabelTree.build(sequences)

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @torch.inference_mode()
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        frontend = self.model.frontend
        for request in requests:
            audio = frontend.prepare(request.load_audio())
            prompts = [frontend.tokenise(prompt, audio.tokens) for prompt in request.prompts]
            shared = common_prefix(prompts)
            prefix = run_prefix(self.model, prompts[0][:shared], audio)
            responses: list[Response] = []
            for start in range(0, len(prompts), self.batch):
                responses += self._batch(prompts[start : start + self.batch], shared, prefix, audio, request.utterance)
            yield responses

    def _batch(self, prompts: Sequence[list[int]], shared: int, prefix: Any, audio: PreparedAudio, utterance: str) -> list[Response]:
        """Answer some prompts of one utterance over the cache of their common prefix."""
        suffixes = [prompt[shared:] for prompt in prompts]
        logits = self._tree_logits(suffixes, shared, prefix)
        best = one_end(self.model, logits.argmax(-1)).tolist()
        labels = [self.tree.greedy(row) for row in best]
        left = [row for row, label in enumerate(labels) if label is None]
        decoded = decode_greedily(self.model, [Prompt(utterance, prompts[row], audio) for row in left])
        answers = {row: list(self.tree.sequences[label]) for row, label in enumerate(labels) if label is not None}
        answers |= dict(zip(left, decoded, strict=True))
        all_scores = [
            picked(self.model, logits, torch.tensor(self.tree.walk(sequence)) + 1, torch.tensor(sequence)).sum(-1).tolist()
            for sequence in self.tree.sequences
        ]
        responses = []
        for row, prompt in enumerate(prompts):
            reasoning, text = self.model.frontend.read(answers[row])
            scores = [of_label[row] for of_label in all_scores]
            check_finite(scores, utterance)
            responses.append(
                Response(
                    answer=text,
                    label_logprobs=tuple(scores),
                    path="decoded" if labels[row] is None else "label",
                    reasoning=reasoning,
                    answer_tokens=len(answers[row]),
                    prompt_tokens=len(prompt),
                    audio_tokens=audio.tokens,
                    audio_truncated=audio.truncated,
                    cut=is_cut(self.model, answers[row]),
                )
            )
        return responses

    def _tree_logits(self, suffixes: Sequence[list[int]], shared: int, prefix: Any) -> torch.Tensor:
        """Logits at the end of each suffix and at each node of the label tree after it.

        Args:
            suffixes: token ids after the common prefix, at least one each.
            shared: length of the common prefix.
            prefix: its key-value cache, batch 1; not changed.

        Returns:
            float32, shape ``(prompts, 1 + nodes, vocabulary)``.
        """
        nodes, longest = len(self.tree.tokens), max(map(len, suffixes))
        rows = torch.arange(len(suffixes))
        lengths = torch.tensor([len(suffix) for suffix in suffixes])
        ids = torch.tensor([suffix + [suffix[-1]] * (longest - len(suffix)) + list(self.tree.tokens) for suffix in suffixes])

        steps = torch.arange(longest).expand(len(suffixes), -1)
        depths = torch.tensor(self.tree.depths, dtype=torch.long)
        positions = shared + torch.cat([steps, lengths[:, None] - 1 + depths[None]], dim=1)

        visible = torch.zeros(len(suffixes), longest + nodes, shared + longest + nodes, dtype=torch.bool)
        visible[:, :, :shared] = True
        visible[:, :longest, shared : shared + longest] = torch.ones(longest, longest, dtype=torch.bool).tril()
        within = steps < lengths[:, None]
        visible[:, longest:, shared : shared + longest] = within[:, None]
        for node in range(nodes):
            visible[:, longest + node, [shared + longest + ancestor for ancestor in self.tree.ancestors(node)]] = True

        hidden = self.model.forward(
            self.model.embed_text(ids.to(self.model.device)),
            mask=visible[:, None].to(self.model.device),
            positions=positions.to(self.model.device),
            cache=expand(self.model, prefix, len(suffixes)),
        )
        places = torch.cat([lengths[:, None] - 1, (longest + torch.arange(nodes)).expand(len(suffixes), -1)], dim=1)
        return self.model.logits(hidden[rows[:, None].to(hidden.device), places.to(hidden.device)]).cpu()


def expand(model: CausalModel, prefix: Any, rows: int) -> Any:
    """A cache of ``rows`` copies of ``prefix``, which is not changed."""
    cache = model.new_cache()
    for index, layer in enumerate(prefix.layers):
        cache.update(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1), index)
    return cache


def run_prefix(model: CausalModel, ids: Sequence[int], audio: PreparedAudio) -> Any:
    """Key-value cache of the beginning of a prompt, which contains all of its audio.

    Raises:
        ModelError: if the number of placeholders is not that of audio tokens.
    """
    embeddings, cache = embed(model, np.array(ids), [audio]), model.new_cache()
    model.forward(embeddings, cache=cache)
    return cache


def common_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Length of the longest token prefix that all prompts share and that leaves each at least one token.

    Tokens are compared, not text: a tokenizer may merge characters across a cut in the text.
    """
    first = prompts[0]
    shared = min(map(len, prompts)) - 1
    for prompt in prompts[1:]:
        same = 0
        while same < shared and prompt[same] == first[same]:
            same += 1
        shared = same
    return shared
