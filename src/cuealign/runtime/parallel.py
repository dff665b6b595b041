"""Ordered map over worker processes, with progress. No other module starts worker processes."""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from cuealign.core.errors import InputError
from cuealign.runtime.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def _library_only() -> Iterator[None]:
    """Keep worker processes from importing the script: Snakemake may have fetched it from a place they cannot import."""
    main = sys.modules["__main__"].__dict__
    script = main.pop("__file__", None)
    try:
        yield
    finally:
        if script is not None:
            main["__file__"] = script


def parallel_map(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    what: str,
    *,
    unit: str,
    workers: int,
    initializer: Callable[..., None] | None = None,
    arguments: tuple = (),
) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in order.

    Args:
        function: defined at module level, because it is sent to other processes.
        items: arguments of ``function``, one per call.
        what: name of the work, for the progress line.
        unit: name of an item, for the progress line.
        workers: number of processes; 1 does the work in this one.
        initializer: called with ``arguments`` once per process, before the first item.
        arguments: of ``initializer``.

    Raises:
        InputError: if a process is killed.
    """
    if workers <= 1 or len(items) <= 1:
        if initializer is not None:
            initializer(*arguments)
        yield from progress(map(function, items), what, unit=unit, total=len(items))
        return
    # Forking this process would break openSMILE and torch, whose threads do not survive a fork.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.__module__])  # imported once, not in every process
    chunk = max(1, min(8, len(items) // (4 * workers)))  # small, so that all processes finish at about the same time
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(initializer, arguments)) as pool:
        try:
            with _library_only():
                results = pool.map(function, items, chunksize=chunk)  # starts the processes
            yield from progress(results, what, unit=unit, total=len(items))
        except BrokenProcessPool:
            raise InputError(f"{what}: a process was killed, perhaps for lack of memory; run again with fewer cores") from None
        finally:
            pool.shutdown(cancel_futures=True)  # after Ctrl-C, nothing more is begun


def _begin(initializer: Callable[..., None] | None, arguments: tuple) -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the one that started this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if initializer is not None:
        initializer(*arguments)
