"""The readers that are included, and the entries that lead to them."""

import pytest
import yaml

from cuealign.core.errors import ConfigError
from cuealign.corpora.readers import READERS, manifest
from tests.support import ROOT


def test_readers_are_found_by_name():
    assert READERS.names() == ("aibo", "audformat", "filenames", "iemocap", "manifest")
    assert READERS.module("manifest") is manifest
    with pytest.raises(ConfigError, match=r"unknown reader 'elan'; known: aibo, audformat, "):
        READERS.module("elan")


def test_every_shipped_dataset_has_an_included_reader():
    shipped = yaml.safe_load((ROOT / "config/datasets.yaml").read_text(encoding="utf-8"))["datasets"]
    assert {entry["reader"] for entry in shipped.values()} <= set(READERS.names())
