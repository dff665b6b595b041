"""What a job did and how fast, against what its device can do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from cuealign.models.base import CausalModel, Responder

_SIZE, _AT_A_TIME = 8192, 8  # matrices, and products between two looks at the clock
_SETTLE, _MEASURE = 1.0, 0.5  # seconds, until clocks have settled to what the power allows, and then


def matmul_ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations per second of large matrix products that go on for seconds, as a job's do.

    A first burst is faster by some 15 %, before the power limit tells.
    """
    a, b = (torch.randn(_SIZE, _SIZE, device=device, dtype=dtype) for _ in range(2))

    def run(seconds: float) -> float:
        """Products per second."""
        start, count = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            for _ in range(_AT_A_TIME):
                a @ b
            torch.cuda.synchronize(device)
            count += _AT_A_TIME
        return count / (time.monotonic() - start)

    run(_SETTLE)
    return 2 * _SIZE**3 * run(_MEASURE)


class Stopwatch:
    """Seconds of the parts of a job."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Time a block."""
        start = time.monotonic()
        yield
        self.seconds[part] = time.monotonic() - start


def job_report(
    loaded: Responder | CausalModel, engine: str, watch: Stopwatch, *, tokens: int, prompts: int, utterances: int
) -> dict[str, Any]:
    """Figures of a job that answered prompts.

    Args:
        loaded: the system; of a language model on a GPU, the share of the matrix-product ceiling is measured too.
        engine: that did the sweep.
        watch: with the part ``answer``.
        tokens: that the language model was run on while it answered, padding of at most a block a pass included.
        prompts, utterances: answered.
    """
    seconds = watch.seconds["answer"]
    figures: dict[str, Any] = {"prompts": prompts, "utterances": utterances, "seconds": watch.seconds}
    if prompts:
        figures |= {"prompts_per_second": prompts / seconds, "utterances_per_second": utterances / seconds}
    if isinstance(loaded, CausalModel):
        flop = tokens * loaded.flop_per_token
        figures |= {"engine": engine, "device": loaded.device.type, "tokens": tokens, "tflop": flop / 1e12}
        if loaded.device.type == "cuda":
            ceiling = matmul_ceiling(loaded.device, loaded.dtype)
            figures |= {
                "device": torch.cuda.get_device_name(loaded.device),
                "peak_gpu_memory_gb": torch.cuda.max_memory_allocated(loaded.device) / 1e9,
                "matmul_ceiling_tflops": ceiling / 1e12,
                "share_of_matmul_ceiling": flop / seconds / ceiling,
            }
    return figures
