"""Ordered map over worker processes with progress; the one place where processes are started."""

import multiprocessing
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
    """Processes that are started here import the library and not the script: it may lie where Snakemake fetched it from."""
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
        function: defined at module level, as it is sent to other processes.
        items: its arguments.
        what: name of the work, for the progress line.
        unit: name of an item, for the progress line.
        workers: processes; with 1 the work is done in this one.
        initializer: called once in each process, with ``arguments``, before the first item.
        arguments: of ``initializer``.

    Raises:
        InputError: if a process is killed.
    """
    if workers <= 1 or len(items) <= 1:
        if initializer is not None:
            initializer(*arguments)
        yield from progress(map(function, items), what, unit=unit, total=len(items))
        return
    # "spawn" and "forkserver" start from a clean state: openSMILE and torch hold threads that do not survive a fork.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.__module__])  # imported once, not by every process
    chunk = max(1, min(8, len(items) // (4 * workers)))  # small, so that no process is left with a long rest at the end
    with ProcessPoolExecutor(workers, mp_context=context, initializer=initializer, initargs=arguments) as pool:
        with _library_only():
            results = pool.map(function, items, chunksize=chunk)  # starts the processes
        try:
            yield from progress(results, what, unit=unit, total=len(items))
        except BrokenProcessPool:
            raise InputError(
                f"{what}: a process was killed in the middle of its work, perhaps for lack of memory; run it again, with fewer cores"
            ) from None
