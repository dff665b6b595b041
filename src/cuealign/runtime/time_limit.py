"""A limit for work that a user's pattern could make endless."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cuealign.core.errors import InputError


@contextmanager
def time_limit(seconds: float, message: str) -> Iterator[None]:
    """In the block, stop after some seconds of computing time; waiting does not count.

    Python tells only the main thread of a process the time. In another thread there is no limit.

    Args:
        seconds: of this process.
        message: of the error.

    Raises:
        InputError: if the time is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise InputError(message)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
