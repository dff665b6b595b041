"""Parallel maps keep the order, and a killed worker process ends the job with a clear message."""

import logging
import os
import signal
import time

import pytest

from cuealign.core.errors import InputError
from cuealign.runtime.parallel import parallel_map

_offset = 0


def kill_this_process(_item):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_ends_the_job_with_a_clear_message():
    with pytest.raises(InputError, match="work: a process was killed, perhaps for lack of memory; run again with fewer cores"):
        list(parallel_map(kill_this_process, list(range(20)), "work", unit="item", workers=2))


def marked(folder):
    (folder / f"{time.monotonic_ns()}-{os.getpid()}").touch()
    time.sleep(0.01)


def test_after_an_interruption_no_further_item_is_begun(tmp_path):
    results = parallel_map(marked, [tmp_path] * 400, "work", unit="item", workers=2)
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert len(list(tmp_path.iterdir())) < 400


def interrupted(number):
    os.kill(os.getpid(), signal.SIGINT)
    return number


def test_workers_leave_ctrl_c_to_the_process_that_started_them():
    assert list(parallel_map(interrupted, range(8), "work", unit="item", workers=2)) == list(range(8))


def set_offset(value):
    global _offset
    _offset = value


def squared(number):
    return os.getpid(), number**2 + _offset


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_items(workers):
    results = list(parallel_map(squared, range(50), "work", unit="item", workers=workers))
    assert [result for _, result in results] == [number**2 for number in range(50)]


def test_one_worker_is_this_process_and_several_are_others():
    assert {process for process, _ in parallel_map(squared, range(8), "work", unit="item", workers=1)} == {os.getpid()}
    assert os.getpid() not in {process for process, _ in parallel_map(squared, range(8), "work", unit="item", workers=2)}


@pytest.mark.parametrize("workers", [1, 2])
def test_every_process_is_initialised_before_its_first_item(workers, monkeypatch):
    monkeypatch.setattr(f"{__name__}._offset", 0)
    results = parallel_map(squared, range(20), "work", unit="item", workers=workers, initializer=set_offset, arguments=(1000,))
    assert min(result for _, result in results) == 1000


def fail_on_seven(number):
    if number == 7:
        raise InputError("item 7 is wrong")
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_raised_as_it_is(workers):
    with pytest.raises(InputError, match=r"^item 7 is wrong$"):
        list(parallel_map(fail_on_seven, range(20), "work", unit="item", workers=workers))


def test_progress_names_the_work_and_counts_the_items(caplog):
    with caplog.at_level(logging.INFO):
        list(parallel_map(squared, range(5), "c: audio", unit="utterance", workers=2))
    assert caplog.messages[-1].startswith("c: audio: 5 utterances in ")
