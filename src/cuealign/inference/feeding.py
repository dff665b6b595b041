"""Sweeps made ready for a packed forward, ahead of it and in other threads: decoded, in features, in tokens."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from cuealign.inference.forest import Trie
from cuealign.models.base import Frontend, PreparedAudio, Sweep

_AHEAD = 4
"""Sweeps that each thread may be ahead."""


@dataclass(frozen=True)
class Ready:
    """A sweep without its sound: what a forward pass needs.

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


def make_ready(frontend: Frontend, sweep: Sweep) -> Ready:
    """Decode, compute features and tokenise."""
    audio = frontend.prepare(sweep.hear())
    prompts = [frontend.tokenise(prompt, audio.tokens) for prompt in sweep.prompts]
    return Ready(sweep.utterance, audio, prompts, Trie.build(prompts))


def feed(frontend: Frontend, sweeps: Sequence[Sweep], *, workers: int) -> Iterator[Ready]:
    """Yield sweeps, ready, in order.

    The work is done in threads: decoding, spectrograms and tokenisation are in libraries that let other threads run, and
    take a fraction of the time of a pass; processes would have to import all of the model's code first, each of them.

    Args:
        frontend: of the model.
        sweeps: to be made ready.
        workers: threads that work ahead; 0 does it here, one by one.

    Raises:
        CuealignError: of the first sweep that cannot be made ready.
    """
    if workers == 0:
        yield from (make_ready(frontend, sweep) for sweep in sweeps)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="feeding") as pool:
        waiting: deque[Future[Ready]] = deque()
        rest = iter(sweeps)
        try:
            for sweep in islice(rest, workers * _AHEAD):
                waiting.append(pool.submit(make_ready, frontend, sweep))
            while waiting:
                ready = waiting.popleft().result()
                for sweep in islice(rest, 1):
                    waiting.append(pool.submit(make_ready, frontend, sweep))
                yield ready
        finally:
            for future in waiting:  # an error, or a reader that stopped: nothing more is begun
                future.cancel()
