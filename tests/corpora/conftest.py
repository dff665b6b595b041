"""Fixtures of the tests of corpora."""

import pytest

from tests.support.corpora import Builder


@pytest.fixture
def build(corpus, dataset, tmp_path) -> Builder:
    """Builds the manifest of the shared corpus after a change of its table, in a folder of its own."""
    return Builder(*corpus, dataset, tmp_path / "manifest.csv")
