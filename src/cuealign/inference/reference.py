"""The reference engine: one prompt at a time by the model family's own code, with nothing shared.

It is slow and simple; tests, checks and benchmarks compare the other engines with it.
"""

from collections.abc import Iterator, Sequence

import torch

from cuealign.inference.ends import is_cut
from cuealign.inference.labels import check_label_space
from cuealign.models.base import CausalModel, Request, Responder, Response
from cuealign.models.finite import check_finite
from cuealign.prompts.labels import Label


class ReferenceEngine(Responder):
    """Answers each prompt by ``generate``, and scores each label in a separate forward pass."""

    def __init__(self, model: CausalModel, labels: Sequence[Label]) -> None:
        self.model = model
        self.sequences = [model.frontend.answer_ids(label.word) for label in labels]
        check_label_space(labels, self.sequences, model)

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @torch.inference_mode()
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        for request in requests:
            audio = self.model.frontend.prepare(request.load_audio())
            responses = []
            for prompt in request.prompts:
                ids = self.model.frontend.tokenise(prompt, audio.tokens)
                logprobs = [self._score(ids, audio, sequence) for sequence in self.sequences]
                check_finite(logprobs, request.utterance)
                answer = self.model.generate(ids, audio)
                reasoning, text = self.model.frontend.read(answer)
                responses.append(
                    Response(
                        answer=text,
                        label_logprobs=tuple(logprobs),
                        path="generate",
                        reasoning=reasoning,
                        answer_tokens=len(answer),
                        prompt_tokens=len(ids),
                        audio_tokens=audio.tokens,
                        audio_truncated=audio.truncated,
                        cut=is_cut(self.model, answer),
                    )
                )
            yield responses

    def _score(self, ids: list[int], audio, sequence: list[int]) -> float:
        """Log-probability of ``sequence`` after ``ids``; any end may follow its last word."""
        logprobs = self.model.full_logits([*ids, *sequence[:-1]], audio)[len(ids) - 1 :].log_softmax(-1)
        words = logprobs[range(len(sequence) - 1), sequence[:-1]].sum()
        return float(words + logprobs[-1, list(self.model.ends)].logsumexp(-1))
