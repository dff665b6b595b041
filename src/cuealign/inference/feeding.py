"""Sweeps made ready for a packed forward, ahead of it and in other processes: decoded, in features, in tokens."""

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from cuealign.errors import CuealignError
from cuealign.inference.forest import Trie
from cuealign.models.base import Frontend, PreparedAudio, Sweep


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


class _Sweeps(Dataset):
    """Sweeps by number. A user's error is handed over as a value, to be raised where it is read, without a traceback."""

    def __init__(self, frontend: Frontend, sweeps: Sequence[Sweep]) -> None:
        self.frontend, self.sweeps = frontend, sweeps

    def __len__(self) -> int:
        return len(self.sweeps)

    def __getitem__(self, number: int) -> Ready | CuealignError:
        torch.set_num_threads(1)
        try:
            return make_ready(self.frontend, self.sweeps[number])
        except CuealignError as error:
            return error


def feed(frontend: Frontend, sweeps: Sequence[Sweep], *, workers: int) -> Iterator[Ready]:
    """Yield sweeps, ready, in order.

    Args:
        frontend: of the model.
        sweeps: to be made ready.
        workers: processes that work ahead; 0 does it here, one by one.

    Raises:
        CuealignError: of the first sweep that cannot be made ready.
    """
    if workers == 0:
        yield from (make_ready(frontend, sweep) for sweep in sweeps)
        return
    # Not by fork: CUDA, openSMILE and tokenizers hold threads that do not survive one.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    loader = DataLoader(
        _Sweeps(frontend, sweeps),
        batch_size=None,
        num_workers=min(workers, len(sweeps)) or 1,
        prefetch_factor=4,
        multiprocessing_context=context,
    )
    for ready in loader:
        if isinstance(ready, CuealignError):
            raise ready
        yield ready
