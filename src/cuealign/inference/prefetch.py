"""Sweeps made ready for a packed forward, ahead of it and in other threads: decoded, in features, in tokens."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from cuealign.inference.forest import Trie
from cuealign.models.base import Frontend, PreparedAudio, Request

_AHEAD = 4
"""Sweeps that each thread may be ahead."""


@dataclass(frozen=True)
class PreparedRequest:
    """A request without its sound: what a forward pass needs.

    Attributes:
        utterance: id, for messages.
        audio: features.
        prompts: token ids of each prompt.
        trie: the prompts, merged.
    """

    utterance: str
    audio: PreparedAudio
    prompts: list[list[int]]
    trie: Trie


def prepare_request(frontend: Frontend, request: Request) -> PreparedRequest:
    """Decode, compute features and tokenise."""
    audio = frontend.prepare(request.load_audio())
    prompts = [frontend.tokenise(prompt, audio.tokens) for prompt in request.prompts]
    return PreparedRequest(request.utterance, audio, prompts, Trie.build(prompts))


def prefetch(frontend: Frontend, requests: Sequence[Request], *, workers: int) -> Iterator[PreparedRequest]:
    """Yield requests, ready, in order.

    The work is done in threads: decoding, spectrograms and tokenisation are in libraries that let other threads run, and
    take a fraction of the time of a pass; processes would have to import all of the model's code first, each of them.

    Args:
        frontend: of the model.
        requests: to be made ready.
        workers: threads that work ahead; 0 does it here, one by one.

    Raises:
        CuealignError: of the first request that cannot be made ready.
    """
    if workers == 0:
        yield from (prepare_request(frontend, request) for request in requests)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="feeding") as pool:
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
            for future in waiting:  # an error, or a reader that stopped: nothing more is begun
                future.cancel()
