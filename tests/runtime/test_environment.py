"""The commit of the workflow and the versions of packages are told, or why they are not known."""

import importlib.metadata
import os
import platform
import subprocess
import sys

import pytest

from cuealign.runtime import environment
from cuealign.runtime.environment import PACKAGES, announce_commit, loaded_packages, workflow_commit, workflow_commit_of_this_run


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Runs git in a checkout with one commit."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "clone"
    folder.mkdir()

    def run(*arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True).stdout.strip()

    run("init", "--quiet")
    (folder / "file").write_text("1")
    run("add", "file")
    run("commit", "--quiet", "--message", "first")
    return run


def test_the_commit_of_a_clean_checkout(git, tmp_path):
    assert workflow_commit(tmp_path / "clone") == git("rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["file", "another"])
def test_a_changed_or_new_file_is_told(git, tmp_path, name):
    (tmp_path / "clone" / name).write_text("2")
    assert workflow_commit(tmp_path / "clone") == git("rev-parse", "HEAD") + "+changes"


def test_a_checkout_is_found_through_a_link(git, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "clone")
    assert workflow_commit(tmp_path / "link") == git("rev-parse", "HEAD")


@pytest.mark.usefixtures("git")
def test_the_commit_of_another_checkout_around_the_workflow_is_not_taken(tmp_path):
    (tmp_path / "clone/copy").mkdir()
    assert workflow_commit(tmp_path / "clone/copy") == "unknown (inside of another git checkout)"


@pytest.mark.usefixtures("git")
def test_the_checkout_that_a_hook_runs_in_is_not_taken(tmp_path, monkeypatch):
    """Git sets GIT_DIR for its hooks, which may run the workflow."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert len(workflow_commit(tmp_path / "clone")) == 40


def test_a_folder_without_git_is_told(tmp_path):
    assert workflow_commit(tmp_path) == "unknown (not a git checkout)"


def test_a_checkout_without_a_commit_is_told_without_its_path(tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    found = workflow_commit(tmp_path)
    assert found.startswith("unknown (")
    assert str(tmp_path) not in found


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts a program in the place of git."""

    def put(script: str) -> None:
        program = tmp_path / "bin/git"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return put


def test_the_reason_for_a_checkout_of_another_owner_is_gits_own(stand_in, tmp_path):
    stand_in(f"echo \"fatal: detected dubious ownership in repository at '{tmp_path}'\" >&2; exit 128")
    assert workflow_commit(tmp_path) == "unknown (fatal: detected dubious ownership in repository at the workflow's folder)"


def test_no_path_of_the_machine_is_in_the_reason(stand_in, tmp_path):
    stand_in("echo \"fatal: cannot open '/home/somebody/.gitconfig'\" >&2; exit 128")
    assert "/home" not in workflow_commit(tmp_path)


def test_git_is_asked_in_english_and_writes_nothing(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("GIT_OPTIONAL_LOCKS", "1")
    stand_in('echo "$LC_ALL $GIT_OPTIONAL_LOCKS" >&2; exit 1')
    assert workflow_commit(tmp_path) == "unknown (C 0)"


@pytest.mark.parametrize("setting", ["status.showUntrackedFiles", "core.quotePath"])
def test_settings_of_the_user_hide_no_change(git, tmp_path, setting):
    git("config", setting, "no")
    (tmp_path / "clone/neu-ä").write_text("2")
    assert workflow_commit(tmp_path / "clone") == git("rev-parse", "HEAD") + "+changes"


def test_output_of_git_in_any_encoding_is_read(stand_in, tmp_path):
    stand_in("printf 'fatal: \\344\\n' >&2; exit 1")
    assert workflow_commit(tmp_path).startswith("unknown (fatal: ")


def test_a_machine_without_git_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert workflow_commit(tmp_path) == "unknown (git is not installed)"


def test_jobs_are_told_the_commit_of_their_run(monkeypatch):
    monkeypatch.setenv("CUEALIGN_COMMIT", "")
    announce_commit("abc")
    code = "from cuealign.runtime.environment import workflow_commit_of_this_run as commit; print(commit())"
    source = {"PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run([sys.executable, "-c", code], env=os.environ | source, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "abc"


def test_a_job_outside_of_a_run_has_no_commit(monkeypatch):
    monkeypatch.delenv("CUEALIGN_COMMIT", raising=False)
    assert workflow_commit_of_this_run() == "unknown"


def test_only_packages_that_are_loaded_are_told(monkeypatch):
    import numpy
    import sklearn

    monkeypatch.delitem(sys.modules, "statsmodels", raising=False)
    found = loaded_packages()
    assert found["python"] == platform.python_version()
    assert (found["numpy"], found["scikit-learn"]) == (numpy.__version__, sklearn.__version__)
    assert "statsmodels" not in found


def test_every_package_is_one_that_is_installed():
    assert {package: importlib.metadata.version(package) for package in PACKAGES.values()}
    assert environment.PACKAGES["sklearn"] == "scikit-learn"
