"""Which GPUs are here, as the system tells it: no library for GPUs is loaded."""

import os
import shutil
import subprocess
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")
_KFD = Path("/dev/kfd")  # of AMD's driver


def gpu_names(driver: Path = _DRIVER) -> list[str]:
    """Names of the GPUs of this machine, such as ``NVIDIA H200``; empty without one, or if none is visible to this process.

    Args:
        driver: folder in which NVIDIA's driver lists its GPUs.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return []
    names = []
    for file in sorted(driver.glob("*/information")):
        facts = dict(line.split(":", 1) for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if ":" in line)
        names.append(facts.get("Model", "GPU").strip())
    return names or _by_command() or (["GPU"] if _KFD.exists() else [])


def _by_command() -> list[str]:
    """As ``nvidia-smi`` names them, where the folder of the driver is hidden, as in some containers."""
    if not (command := shutil.which("nvidia-smi")):
        return []
    done = subprocess.run([command, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip().splitlines() if done.returncode == 0 else []
