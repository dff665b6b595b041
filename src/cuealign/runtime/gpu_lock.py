"""One GPU for each job on a machine with several: Snakemake counts them, but does not say which one is whose.

A job holds an exclusive lock on a file per GPU, which the system releases when the process ends, however it ends.
"""

import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cuealign.core.errors import InputError

logger = logging.getLogger(__name__)

_WAIT = 1.0


@contextmanager
def locked(names: Sequence[str], folder: Path) -> Iterator[int]:
    """Hold one of several devices for the length of a block; wait until one is free.

    Args:
        names: of the devices, the same in every process, such as their UUIDs.
        folder: of the lock files, made if it does not exist.

    Yields:
        Index of the device.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = False
    while True:
        for index, name in enumerate(names):
            try:
                with FileLock(folder / f"{name}.lock", timeout=0):
                    yield index
                    return
            except Timeout:
                continue
        if not said:
            logger.warning("all %d GPUs are taken by other jobs of this workflow; waiting for one", len(names))
            said = True
        time.sleep(_WAIT)


@contextmanager
def device(asked: str) -> Iterator[str]:
    """The device that a job takes: for ``cuda``, a free one of those that are visible; else what was asked for.

    Yields:
        Name of a torch device.

    Raises:
        InputError: if ``cuda`` is asked for and there is none.
    """
    if asked != "cuda":
        yield asked
        return
    import torch

    count = torch.cuda.device_count()
    if count == 0:
        raise InputError("device cuda: torch finds no GPU here; request one for the job, or set the model's device to cpu")
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(count)]
    with locked(names, Path(tempfile.gettempdir(), f"cuealign-{os.getuid()}")) as index:
        yield f"cuda:{index}"
