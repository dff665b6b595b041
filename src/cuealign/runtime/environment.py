"""Environment of a job: the commit of the workflow and the versions of loaded packages."""

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    **{name: name for name in ("snakemake", "numpy", "scipy", "pandas", "pyarrow", "statsmodels", "opensmile", "soundfile", "soxr")},
    **{name: name for name in ("torch", "transformers", "peft", "tokenizers", "safetensors", "matplotlib", "pydantic")},
    "sklearn": "scikit-learn",
    "espeakng_loader": "espeakng-loader",
}
"""Packages that results may depend on: name of the distribution by name of the module."""

_COMMIT = "CUEALIGN_COMMIT"


def loaded_packages() -> dict[str, str]:
    """Versions of Python and of the packages that this process has imported."""
    loaded = {package: importlib.metadata.version(package) for module, package in PACKAGES.items() if module in sys.modules}
    return {"python": platform.python_version()} | loaded


def workflow_commit(folder: Path) -> str:
    """Commit of the workflow in a folder, with ``+changes`` if files differ from it; ``unknown (reason)`` if there is none.

    Only a checkout whose top level is the folder counts. What the user's environment and settings say of other checkouts and
    of git's output does not.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}  # reasons in English; nothing is written into the checkout

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, encoding="utf-8", errors="replace", check=False, env=environment
        )
        if done.returncode != 0:
            raise OSError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else "git failed")
        return done.stdout.strip()

    try:
        if git("rev-parse", "--show-cdup"):  # the way up to the top level
            return "unknown (inside of another git checkout)"
        changes = git("status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none")
        return git("rev-parse", "HEAD") + ("+changes" if changes else "")
    except FileNotFoundError:
        return "unknown (git is not installed)"
    except OSError as error:
        # Git names the folder, and a path names a machine.
        reason = re.sub(r"'/[^']*'", "the workflow's folder", str(error)).replace(str(folder.resolve()), "the workflow's folder")
        return f"unknown ({'not a git checkout' if 'not a git repository' in reason else reason})"


def announce_commit(commit: str) -> None:
    """Pass the commit to all jobs of this run. It is not a parameter, because a new commit alone is no reason to rerun a job."""
    os.environ[_COMMIT] = commit


def workflow_commit_of_this_run() -> str:
    """The commit that :func:`announce_commit` passed on; ``unknown`` if there is none."""
    return os.environ.get(_COMMIT, "unknown")
