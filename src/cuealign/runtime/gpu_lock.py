"""One GPU per job on a machine with several. Snakemake counts GPUs, but does not assign them to jobs.

Each GPU has a lock file. A job holds an exclusive lock on the file of its GPU; the system releases it when the process ends,
even if it is killed.
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
"""Seconds between two attempts."""


@contextmanager
def locked(names: Sequence[str], folder: Path) -> Iterator[int]:
    """Lock one of several devices while a block runs; wait until one is free.

    Args:
        names: of the devices, the same in all processes, such as their UUIDs.
        folder: of the lock files; created if it does not exist.

    Yields:
        Index of the device.
    """
    folder.mkdir(parents=True, exist_ok=True)
    warned = False
    while True:
        for index, name in enumerate(names):
            lock = FileLock(folder / f"{name}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield index
            finally:
                lock.release()
            return
        if not warned:
            logger.warning("all %d GPUs are taken by other jobs of this workflow; waiting for one", len(names))
            warned = True
        time.sleep(_WAIT)


@contextmanager
def device(requested: str) -> Iterator[str]:
    """The device of a job: for ``cuda`` a free one of the visible GPUs, which is locked; else ``requested`` itself.

    Yields:
        Name of a torch device.

    Raises:
        InputError: if the device is not there.
    """
    if requested == "cpu":
        yield requested
        return
    import torch

    count = torch.cuda.device_count()
    if requested.startswith("cuda") and count == 0:
        raise InputError(f"device {requested}: torch finds no GPU here; request one for the job, or set the model's device to cpu")
    if requested.startswith("cuda:") and int(requested.removeprefix("cuda:")) >= count:
        raise InputError(f"device {requested}: there are only {count} GPUs here, up to cuda:{count - 1}; set the model's device to cuda")
    if requested == "mps" and not torch.backends.mps.is_available():
        raise InputError("device mps: torch finds none here; set the model's device to cpu")
    if requested != "cuda":
        yield requested
        return
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(count)]
    with locked(names, Path(tempfile.gettempdir(), f"cuealign-{os.getuid()}")) as index:
        yield f"cuda:{index}"
