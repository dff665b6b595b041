"""Requests prepared for packed passes, ahead of them and in other threads: audio decoded, features computed, prompts tokenised."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from cuealign.inference.forest import Trie
from cuealign.models.base import Frontend, PreparedAudio, Request

_AHEAD = 4
"""Requests that each thread may prepare ahead."""


@dataclass(frozen=True)
class PreparedRequest:
    """A request with audio and prompts in the form that a forward pass needs.

    Attributes:
        utterance: id, for messages.
        audio: features.
        prompts: token ids of each prompt.
        trie: of the prompts.
    """

    utterance: str
    audio: PreparedAudio
    prompts: list[list[int]]
    trie: Trie


def prepare_request(frontend: Frontend, request: Request) -> PreparedRequest:
    """Decode the audio, compute its features and tokenise the prompts."""
    audio = frontend.prepare(request.load_audio())
    prompts = [frontend.tokenise(prompt, audio.tokens) for prompt in request.prompts]
    return PreparedRequest(request.utterance, audio, prompts, Trie.build(prompts))


def prefetch(frontend: Frontend, requests: Sequence[Request], *, workers: int) -> Iterator[PreparedRequest]:
    """Yield prepared requests, in order.

    Threads do the work: decoding, spectrograms and tokenisation release Python's global lock and take a fraction of the time
    of a pass. Processes would each have to import all of the model's code first.

    Args:
        frontend: of the model.
        requests: to prepare.
        workers: threads that work ahead; with 0, each request is prepared when its turn comes.

    Raises:
        CuealignError: of the first request that cannot be prepared.
    """
    if workers == 0:
        yield from (prepare_request(frontend, request) for request in requests)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="prefetch") as pool:
        waiting: deque[Future[PreparedRequest]] = deque()
        rest = iter(requests)
        try:
            for request in islice(rest, workers * _AHEAD):
                waiting.append(pool.submit(prepare_request, frontend, request))
            while waiting:
                ready = waiting.popleft().result()
                for request in islice(rest, 1):
                    waiting.append(pool.submit(prepare_request, frontend, request))
                yield ready
        finally:
            for future in waiting:  # after an error, or if the caller stopped early: start nothing more
                future.cancel()
