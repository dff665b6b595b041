"""Throughput of a job, also compared with the speed limit of its GPU."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from cuealign.models.base import CausalModel, Responder

_SIZE, _AT_A_TIME = 8192, 8  # rows of a matrix, and products per time measurement
_SETTLE, _MEASURE = 1.0, 0.5  # seconds of warm-up, until the power limit has set the GPU's clock, and of measurement


def matmul_ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations per second of large matrix products over seconds, as in a job.

    The first moments are some 15 % faster, until the GPU reaches its power limit.
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
    """Measures the seconds that the parts of a job take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Time the block as ``part``."""
        start = time.monotonic()
        yield
        self.seconds[part] = time.monotonic() - start


def job_report(
    loaded: Responder | CausalModel, engine: str, watch: Stopwatch, *, tokens: int, prompts: int, utterances: int
) -> dict[str, Any]:
    """Figures of a job that answered prompts.

    Args:
        loaded: the system. For a language model on a GPU, the speed limit of matrix products is measured too.
        engine: name of the engine.
        watch: with the part ``answer``.
        tokens: that the language model processed while answering, including padding of at most one block per pass.
        prompts, utterances: numbers of those answered.

    Returns:
        Counts, seconds by part and rates; of a language model also ``tokens`` and ``tflop``; on a GPU also its name, peak memory
        (GB) and the share of the measured speed limit that was reached.
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
