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
    except CuealignError as error:
        logger.error("error: %s", error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OF_DISKS:
            logger.exception("unexpected error")
            raise
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        logger.error("error: %s; what was finished before is kept, the same command goes on", what)
        sys.exit(1)
    except Exception:
        logger.exception("unexpected error")
        raise
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
