"""The prefix engine: what the prompts of an utterance share is computed once.

Per utterance the audio is encoded once and the longest common token prefix of all prompts is run
once into a key-value cache. The rests of the prompts follow as one batch over that cache; behind each
hangs the tree of label answers, every branch seeing the prompt and its own ancestors only. One forward
thus gives the log-probability of every label's full token sequence and the exact greedy answer wherever
the greedy path is a label. Where it leaves the labels, that prompt alone is decoded on.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from cuealign.inference.checks import check_finite, check_label_space
from cuealign.inference.labels import LabelTree
from cuealign.models.base import CausalModel, Label, PreparedAudio, Responder, Response, Sweep


class PrefixEngine(Responder):
    """Answers all prompts of an utterance together.

    Args:
        model: an audio language model.
        labels: to be scored.
        batch: prompts in one forward at the most.
    """

    def __init__(self, model: CausalModel, labels: Sequence[Label], *, batch: int = 64) -> None:
        sequences = [model.answer_ids(label.word) for label in labels]
        check_label_space(labels, sequences, model.max_new_tokens)
        self.model, self.batch = model, batch
        self.tree = LabelTree.build(sequences)

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @torch.inference_mode()
    def respond(self, sweeps: Sequence[Sweep]) -> Iterator[list[Response]]:
        for sweep in sweeps:
            audio = self.model.prepare(sweep.audio)
            prompts = [self.model.tokenise(prompt, audio.tokens) for prompt in sweep.prompts]
            shared = common_prefix(prompts)
            prefix = self.model.new_cache()
            self.model.forward(self.model.embed(prompts[0][:shared], audio), cache=prefix)
            responses: list[Response] = []
            for start in range(0, len(prompts), self.batch):
                responses += self._batch(prompts[start : start + self.batch], shared, prefix, audio, sweep.utterance)
            yield responses

    def _batch(self, prompts: Sequence[list[int]], shared: int, prefix: Any, audio: PreparedAudio, utterance: str) -> list[Response]:
        """Answer some prompts of one utterance over the cache of their shared prefix."""
        suffixes = [prompt[shared:] for prompt in prompts]
        logits = self._tree_logits(suffixes, shared, prefix)
        logprobs = logits.log_softmax(-1)
        best = logits.argmax(-1).tolist()
        responses = []
        for row, prompt in enumerate(prompts):
            scores = [
                float(sum(logprobs[row, node + 1, token] for node, token in zip(self.tree.walk(sequence), sequence, strict=True)))
                for sequence in self.tree.sequences
            ]
            check_finite(scores, utterance)
            label = self.tree.greedy(best[row])
            if label is None:
                answer, path = self._decode_on(suffixes[row], prefix), "decoded"
            else:
                answer, path = list(self.tree.sequences[label]), "label"
            responses.append(
                Response(
                    answer=self.model.decode(answer),
                    label_logprobs=tuple(scores),
                    path=path,
                    answer_tokens=len(answer),
                    prompt_tokens=len(prompt),
                    audio_tokens=audio.tokens,
                    audio_truncated=audio.truncated,
                )
            )
        return responses

    def _tree_logits(self, suffixes: Sequence[list[int]], shared: int, prefix: Any) -> torch.Tensor:
        """Logits at the end of each suffix and at each node of the label tree behind it.

        Args:
            suffixes: token ids after the shared prefix, at least one each.
            shared: length of the shared prefix.
            prefix: its key-value cache, batch 1; left as it is.

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

        embeddings = self.model.embed_text(ids.to(prefix.layers[0].keys.device))
        mask = torch.zeros(visible.shape, dtype=embeddings.dtype).masked_fill(~visible, torch.finfo(embeddings.dtype).min)
        hidden = self.model.forward(
            embeddings,
            mask=mask[:, None].to(embeddings.device),
            positions=positions.to(embeddings.device),
            cache=self._expand(prefix, len(suffixes)),
        )
        places = torch.cat([lengths[:, None] - 1, (longest + torch.arange(nodes)).expand(len(suffixes), -1)], dim=1)
        return self.model.logits(hidden[rows[:, None].to(hidden.device), places.to(hidden.device)]).cpu()

    def _expand(self, prefix: Any, rows: int) -> Any:
        """A fresh cache with the prefix repeated over ``rows``; a cache changes in place, so the prefix itself is never passed on."""
        cache = self.model.new_cache()
        for index, layer in enumerate(prefix.layers):
            cache.update(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1), index)
        return cache

    def _decode_on(self, suffix: list[int], prefix: Any) -> list[int]:
        """Greedy decoding of one prompt, up to the end of turn or the limit."""
        cache, answer, ids = self._expand(prefix, 1), [], suffix
        while len(answer) < self.model.max_new_tokens:
            embeddings = self.model.embed_text(torch.tensor([ids], device=prefix.layers[0].keys.device))
            hidden = self.model.forward(embeddings, cache=cache)
            answer.append(int(self.model.logits(hidden[0, -1]).argmax()))
            if answer[-1] == self.model.end_of_turn:
                break
            ids = answer[-1:]
        return answer


def common_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Length of the longest token prefix that all prompts share and that leaves each at least one token.

    The cut is made between tokens, never in the text: a tokenizer may merge characters across a cut there.
    """
    first = prompts[0]
    shared = min(map(len, prompts)) - 1
    for prompt in prompts[1:]:
        same = 0
        while same < shared and prompt[same] == first[same]:
            same += 1
        shared = same
    return shared
