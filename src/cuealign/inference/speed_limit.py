"""The speed limit of a GPU: large matrix products and nothing else."""

import time

import torch

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
