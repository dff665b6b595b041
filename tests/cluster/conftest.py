"""Marks for the tests that need a cluster or disks of their own: those of a file share them, so one process runs all of it."""

import pytest

_FILES = ("test_disks", "test_slurm", "test_slurm_failures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in _FILES:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
