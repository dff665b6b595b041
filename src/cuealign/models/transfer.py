"""Asynchronous copies between host and device, so that the next pass is prepared while one runs."""

from collections.abc import Callable

import torch


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy to the device after the work already queued there. Pinned memory is used: a copy from other memory blocks the host."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def to_host(*tensors: torch.Tensor) -> Callable[[], tuple[torch.Tensor, ...]]:
    """Start to copy to the host; returns a function that waits for these copies, but not for work queued after them."""
    copies = tuple(tensor.to("cpu", non_blocking=True) for tensor in tensors)
    if tensors[0].device.type != "cuda":
        return lambda: copies
    copied = torch.cuda.Event()
    copied.record()

    def wait() -> tuple[torch.Tensor, ...]:
        copied.synchronize()
        return copies

    return wait
