"""One GPU for each job on a machine with several: Snakemake counts them, but does not say which one is whose.

A lease is an exclusive lock on a file per device, which the system releases when the process ends, however it ends.
"""

import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cuealign.errors import InputError

logger = logging.getLogger(__name__)

_WAIT = 1.0


@contextmanager
def lease(names: Sequence[str], folder: Path) -> Iterator[int]:
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
            file = (folder / f"{name}.lock").open("a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            try:
                yield index
            finally:
                file.close()
            return
        if not said:
            logger.warning("all %d GPUs are taken by other jobs of this workflow; waiting for one", len(names))
            said = True
        time.sleep(_WAIT)


@contextmanager
def device(asked: str) -> Iterator[str]:
    """The device that a job shall use: for ``cuda``, a free one of those that are visible; else what was asked for.

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
        raise InputError("device cuda: there is no GPU here that torch can use; have the job ask for one, or set the model's device to cpu")
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(count)]
    with lease(names, Path(tempfile.gettempdir(), f"cuealign-{os.getuid()}")) as index:
        yield f"cuda:{index}"
