"""The frame around every script of the workflow: where its messages go, and how it ends on a user's error."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cuealign.errors import CuealignError

logger = logging.getLogger("cuealign")


@contextmanager
def job(log: Path | str | None = None) -> Iterator[None]:
    """Log to the terminal and to ``log``; turn errors meant for the user into one clear message.

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
    except Exception:
        logger.exception("unexpected error")
        raise
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
