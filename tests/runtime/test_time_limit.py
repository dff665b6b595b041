"""Work that does not end is stopped with a clear message; other work is not touched."""

import re
import signal
import threading

import pytest

from cuealign.core.errors import InputError
from cuealign.runtime.time_limit import time_limit


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(.*)*z", r"(?:a|a)*$"])
def test_a_pattern_that_backtracks_for_ever_is_stopped(pattern):
    with pytest.raises(InputError, match="row 3: the pattern does not end"), time_limit(0.05, "row 3: the pattern does not end"):
        re.search(pattern, "a" * 80 + "!")


def test_a_pattern_that_ends_is_found_and_nothing_is_left_behind():
    before = signal.getsignal(signal.SIGVTALRM)
    with time_limit(5, "too long"):
        assert re.search(r"b+", "abbb")[0] == "bbb"
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_the_first_error_of_the_block_is_raised():
    with pytest.raises(KeyError), time_limit(5, "too long"):
        raise KeyError
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_another_thread_works_without_a_limit():
    found = []

    def work():
        with time_limit(5, "too long"):
            found.append(re.search("b", "abc")[0])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["b"]
