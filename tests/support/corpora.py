"""Corpora, from their entry in a config to their manifest."""

from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.corpora import audit
from cuealign.corpora.checks import check_description
from cuealign.corpora.manifests import build_manifest
from cuealign.corpora.readers import READERS


def build_corpus(entry: Dataset, *, workers: int = 1) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Manifest and counts of a corpus, through all the steps that the workflow takes."""
    reader = READERS.module(entry.reader)
    utterances = check_description(reader.read(entry, reader.sources(entry)), entry, name="c")
    return build_manifest(utterances, audit.probe(utterances, name="c", workers=workers), entry, name="c")
