"""Resolve the dependencies of pyproject.toml in an empty environment; write the pip locks and the conda file.

Run by ``make lock``. The lock and the conda file hold the same versions; a test compares them.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

HERE = Path(__file__).parent
LOCK, CONDA, BROWSER = HERE / "requirements.lock", HERE / "cuealign.yaml", HERE / "browser.lock"
HEADER = """\
# Every package of the tested environment; written by `make lock`, never by hand.
# torch 2.13.0 stands for any of its builds: on Linux the package index gives the CUDA build with its NVIDIA libraries.
"""
BROWSER_HEADER = """\
# What the tests in a browser need beside the environment in requirements.lock; written by `make lock`, never by hand.
"""


def freeze(requirements: list[str]) -> list[str]:
    """Versions of all packages that ``requirements`` lead to, in an environment that holds nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder, "bin", "python"))
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
        frozen = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
    # "+cpu" names a build, not a version; the NVIDIA libraries belong to a build of torch.
    lines = [line.split("+")[0] for line in frozen.splitlines()]
    return sorted((line for line in lines if not line.startswith(("nvidia-", "triton", "cuda-"))), key=str.lower)


def conda(packages: list[str], python: str) -> str:
    """Environment file: Python from conda-forge, everything else as in the lock."""
    lines = ["# The environment of every rule, as `--software-deployment-method conda` deploys it; written by `make lock`."]
    lines += ["channels:", "  - conda-forge", "  - nodefaults", "dependencies:", f"  - python={python}", "  - pip", "  - pip:"]
    return "\n".join([*lines, *(f"      - {package}" for package in packages), ""])


def main() -> None:
    """Write the three files."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = freeze(project["dependencies"] + project["optional-dependencies"]["dev"])
    LOCK.write_text(HEADER + "\n".join(packages) + "\n", encoding="utf-8")
    names = {package.split("==")[0] for package in packages}
    browser = [line for line in freeze(project["optional-dependencies"]["browser"]) if line.split("==")[0] not in names]
    BROWSER.write_text(BROWSER_HEADER + "\n".join(browser) + "\n", encoding="utf-8")
    CONDA.write_text(conda(packages, f"{sys.version_info.major}.{sys.version_info.minor}"), encoding="utf-8")


if __name__ == "__main__":
    main()
