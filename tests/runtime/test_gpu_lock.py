"""Every job has a GPU for itself, and a job that ends in any way gives it back."""

import logging
import multiprocessing
import os
import signal

import pytest
from filelock import Timeout

from cuealign.core.errors import InputError
from cuealign.runtime import gpu_lock

PATIENCE = 300.0
"""Seconds after which a process that should have answered counts as stuck."""

SPAWN = multiprocessing.get_context("spawn")


class Tell(logging.Handler):
    """Sends log messages to another process."""

    def __init__(self, pipe) -> None:
        super().__init__()
        self.pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        self.pipe.send(record.getMessage())


def hold_lock(names, folder, pipe):
    logging.getLogger("cuealign").addHandler(Tell(pipe))
    with gpu_lock.locked(names, folder) as index:
        pipe.send(index)
        pipe.recv()


def hold_device(pipe):
    import torch

    with gpu_lock.device("cuda") as device:
        pipe.send((device, torch.ones(1, device=device).device.index))
        pipe.recv()


def told(pipe):
    assert pipe.poll(PATIENCE)
    return pipe.recv()


@pytest.fixture
def start():
    """Start a process with one end of a pipe as its last argument; returns it with the other end."""
    started = []

    def run(target, *arguments):
        here, there = SPAWN.Pipe()
        process = SPAWN.Process(target=target, args=(*arguments, there))
        process.start()
        started.append(process)
        return process, here

    yield run
    for process in started:
        process.kill()
        process.join()


def test_every_job_has_a_device_for_itself_and_a_killed_one_gives_it_back(tmp_path, start):
    jobs = [start(hold_lock, ["gpu-a", "gpu-b"], tmp_path) for _ in range(2)]
    held = [told(pipe) for _, pipe in jobs]
    assert sorted(held) == [0, 1]
    _, third = start(hold_lock, ["gpu-a", "gpu-b"], tmp_path)
    assert told(third) == "all 2 GPUs are taken by other jobs of this workflow; waiting for one"
    os.kill(jobs[0][0].pid, signal.SIGKILL)
    assert told(third) == held[0]


def test_a_job_that_waits_gets_the_device_when_another_ends(tmp_path, start):
    _, first = start(hold_lock, ["gpu"], tmp_path)
    assert told(first) == 0
    _, second = start(hold_lock, ["gpu"], tmp_path)
    assert "waiting for one" in told(second)
    first.send("done")
    assert told(second) == 0


def test_a_lock_ends_with_its_block(tmp_path):
    for _ in range(3):
        with gpu_lock.locked(["gpu"], tmp_path) as index:
            assert index == 0


def test_a_lock_ends_with_an_error_in_its_block(tmp_path):
    with pytest.raises(ZeroDivisionError), gpu_lock.locked(["gpu"], tmp_path):
        _ = 1 / 0
    with gpu_lock.locked(["gpu"], tmp_path) as index:
        assert index == 0


def test_a_timeout_of_another_lock_in_the_block_is_not_taken_for_a_busy_device(tmp_path):
    with pytest.raises(Timeout, match="other"), gpu_lock.locked(["gpu-a", "gpu-b"], tmp_path):
        raise Timeout("other.lock")


def test_the_folder_of_the_locks_is_created(tmp_path):
    with gpu_lock.locked(["gpu"], tmp_path / "new/folder"):
        assert (tmp_path / "new/folder").is_dir()


@pytest.mark.parametrize("requested", ["cpu", "cuda:1"])
def test_a_named_device_is_used_as_it_is(requested, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with gpu_lock.device(requested) as device:
        assert device == requested


def test_a_missing_gpu_is_an_error(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(InputError, match="torch finds no GPU here; request one for the job"), gpu_lock.device("cuda"):
        pass


def test_a_device_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(InputError, match=r"device cuda:2: there are only 2 GPUs here, up to cuda:1"), gpu_lock.device("cuda:2"):
        pass
    with pytest.raises(InputError, match="device mps: torch finds none here"), gpu_lock.device("mps"):
        pass


def test_cuda_becomes_the_first_free_gpu(monkeypatch, tmp_path):
    class Properties:
        def __init__(self, index):
            self.uuid = f"uuid-{index}"

    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.get_device_properties", Properties)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with gpu_lock.device("cuda") as first, gpu_lock.device("cuda") as second:
        assert (first, second) == ("cuda:0", "cuda:1")


def test_two_jobs_have_two_gpus(start):
    import torch

    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    jobs = [start(hold_device) for _ in range(2)]
    assert sorted(told(pipe) for _, pipe in jobs) == [("cuda:0", 0), ("cuda:1", 1)]
