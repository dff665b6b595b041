"""The frame around every script of the workflow: where its messages go, and how it ends on a user's error."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cuealign.errors import CuealignError

# The disk is full, the quota used up, the file system read-only, access denied, the device failing.
_OF_DISKS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}

logger = logging.getLogger("cuealign")


@contextmanager
def job(log: Path | str | None = None) -> Iterator[None]:
    """Log to the terminal and to ``log``; turn errors meant for the user, and those of disks, into one clear message.

    Any other exception is logged with its traceback and passes on.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if log:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log, mode="w"))
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    logger.setLevel(logging.INFO)  # ours in full, those of the libraries from warnings up
    logging.captureWarnings(True)
    try:
        yield
    except Exception as error:
        if (message := _message(error)) is None:
            logger.exception("unexpected error")
            raise
        logger.error("error: %s", message)
        sys.exit(1)
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def _message(error: Exception) -> str | None:
    """What a user is told; None where only a traceback tells enough."""
    if isinstance(error, CuealignError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _OF_DISKS:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return f"{what}; what was finished before is kept, and the same command goes on once this is mended"
    return None
