"""What the workflow asks before the first job."""

import os
from pathlib import Path

import pytest

from cuealign.config.workflow import not_writable


@pytest.fixture
def permissions(monkeypatch):
    """Permissions count, also for an administrator, who may write everywhere."""

    def access(path: Path | str, mode: int) -> bool:
        return Path(path).exists() and Path(path).stat().st_mode & mode << 6 == mode << 6

    monkeypatch.setattr(os, "access", access)


@pytest.mark.usefixtures("permissions")
@pytest.mark.parametrize("shut", [".", "results", "results/metrics", "logs", ".snakemake/locks"])
def test_folders_that_cannot_be_written_are_named(tmp_path, shut):
    for name in ("results/metrics", "results/corpora", "logs", ".snakemake/locks"):
        (tmp_path / name).mkdir(parents=True)
    assert not_writable(tmp_path) == []
    (tmp_path / shut).chmod(0o500)
    assert not_writable(tmp_path) == [
        f"{tmp_path / shut}: this account cannot write there; run the study in a folder of your own with --directory"
    ]
    (tmp_path / shut).chmod(0o700)


@pytest.mark.usefixtures("permissions")
def test_an_empty_folder_is_ready(tmp_path):
    assert not_writable(tmp_path) == []
