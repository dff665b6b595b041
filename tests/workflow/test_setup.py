"""``make setup``: which Python it takes, where torch comes from, and when it has nothing to do. Python, pip and uv are stand-ins."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

STAND_IN = """#!/bin/sh
echo "$(basename $0) $*" >>{calls}
while [ "$#" -gt 0 ]; do last=$1; shift; done
case "$last" in .venv) mkdir -p .venv/bin && cp $0 .venv/bin/python;; esac
"""


@pytest.fixture
def machine(tmp_path):
    """Folder of a clone, and a function that runs ``make setup`` there with only some programs on the PATH."""
    programs, calls = tmp_path / "programs", tmp_path / "calls"
    (tmp_path / "envs").mkdir()
    programs.mkdir()
    for name in ("envs/setup.sh", "envs/requirements.lock", "Makefile"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("sh", "make", "cmp", "cat", "cp", "grep", "mkdir", "basename", "getconf", "rm"):
        (programs / name).symlink_to(shutil.which(name))

    def run(*names: str, **settings: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        calls.unlink(missing_ok=True)
        for name in names:
            (programs / name).write_text(STAND_IN.format(calls=calls), encoding="utf-8")
            (programs / name).chmod(0o755)
        arguments = ["make", "setup", *(f"{key}={value}" for key, value in settings.items())]
        done = subprocess.run(arguments, cwd=tmp_path, env={"PATH": str(programs)}, capture_output=True, text=True, check=False)
        return done, calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []

    return tmp_path, run


@pytest.mark.parametrize(("there", "taken"), [(["python3.12"], "python3.12"), (["python3.13", "python3.11"], "python3.11")])
def test_the_first_supported_python_is_taken(machine, there, taken):
    _, run = machine
    done, calls = run(*there)
    assert done.returncode == 0, done.stderr
    assert f"Setting up .venv with {taken}, once: on Linux torch comes with" in done.stderr
    assert f"{taken} -m venv --clear .venv" in calls
    assert calls[-1] == "python -m pip install --quiet --disable-pip-version-check --requirement envs/requirements.lock"


def test_without_a_python_one_line_says_what_to_install(machine):
    _, run = machine
    done, calls = run("python3.9")
    assert done.returncode != 0
    assert "error: none of Python 3.11 3.12 3.13 is on the PATH; install python3.11" in done.stderr
    assert calls == []


def test_a_named_python_is_taken(machine):
    _, run = machine
    assert "mypython -m venv --clear .venv" in run("python3.11", "mypython", PYTHON="mypython")[1]


def test_uv_is_used_where_it_is_and_brings_its_python(machine):
    _, run = machine
    done, calls = run("uv")
    assert done.returncode == 0, done.stderr
    assert calls == [
        "uv venv --quiet --clear --python 3.11 .venv",
        "uv pip install --quiet --compile-bytecode --python .venv/bin/python --requirement envs/requirements.lock",
    ]


def test_torch_comes_from_the_index_that_is_named(machine):
    folder, run = machine
    (torch,) = [line for line in Path(folder, "envs/requirements.lock").read_text().splitlines() if line.startswith("torch==")]
    _, calls = run("python3.11", TORCH_INDEX="https://example.org/cpu")
    assert calls[-2].endswith(f"install --quiet --disable-pip-version-check --no-deps --index-url https://example.org/cpu {torch}")
    assert run("python3.11")[1] == []  # the environment has a torch already
    assert len(run("python3.11", TORCH_INDEX="https://example.org/other")[1]) > 0


def test_an_environment_is_made_anew_only_if_its_lock_changes(machine):
    folder, run = machine
    run("python3.11")
    assert run("python3.11")[1] == []
    lock = folder / "envs/requirements.lock"
    lock.write_text(lock.read_text() + "another==1\n")
    assert len(run("python3.11")[1]) > 0


def test_the_environment_finds_the_library_of_its_clone_and_has_the_command(machine):
    folder, run = machine
    shutil.copy(ROOT / "envs/cuealign.sh", folder / "envs/cuealign.sh")
    run("python3.11")
    site = folder / ".venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    assert run("python3.11")[1] == []  # an environment that is there already gets them too
    assert Path(site, (site / "cuealign.pth").read_text().strip()).resolve() == folder / "src"
    assert (folder / ".venv/bin/cuealign").stat().st_mode & 0o111
    assert "-m cuealign.cli" in (folder / ".venv/bin/cuealign").read_text()
