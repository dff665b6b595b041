"""What a job runs in: the commit of the workflow and the versions of the packages that it has loaded."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    **{name: name for name in ("snakemake", "numpy", "scipy", "pandas", "pyarrow", "statsmodels", "opensmile", "soundfile", "soxr")},
    **{name: name for name in ("torch", "transformers", "peft", "tokenizers", "safetensors", "matplotlib", "seaborn", "pydantic")},
    "sklearn": "scikit-learn",
    "espeakng_loader": "espeakng-loader",
}
"""Packages that results may depend on: name of the module to name of the distribution."""

_COMMIT = "CUEALIGN_COMMIT"


def loaded_packages() -> dict[str, str]:
    """Versions of Python and of the packages that this process has imported."""
    loaded = {package: importlib.metadata.version(package) for module, package in PACKAGES.items() if module in sys.modules}
    return {"python": platform.python_version()} | loaded


def workflow_commit(folder: Path) -> str:
    """Commit of the workflow in a folder, with ``+changes`` where files differ from it, or why there is none."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, env=environment)
        if done.returncode != 0:
            raise OSError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else "git failed")
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != folder.resolve():
            return "unknown (no git checkout of its own, inside of another one)"
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except FileNotFoundError:
        return "unknown (there is no git here)"
    except OSError as error:
        reason = str(error).replace(str(folder.resolve()), "the workflow's folder")
        return f"unknown ({'not a git checkout' if 'not a git repository' in reason else reason})"


def announce_commit(commit: str) -> None:
    """Tell all jobs of this run which commit they belong to. Not a parameter: another commit is no reason to run a job again."""
    os.environ[_COMMIT] = commit


def workflow_commit_of_this_run() -> str:
    """What :func:`announce_commit` said."""
    return os.environ.get(_COMMIT, "unknown")
