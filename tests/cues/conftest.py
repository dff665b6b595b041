"""Fixtures of the tests of cues."""

import numpy as np
import pandas as pd
import pytest

from cuealign.core.vocabulary import PLAIN, VOICED_DESCRIPTORS
from tests.support.descriptors import random_descriptors


@pytest.fixture
def means() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Descriptor means of both kinds, and a manifest whose split column is ``a`` or ``b``."""
    table, genders = random_descriptors(3)
    random = np.random.default_rng(4)
    for name in VOICED_DESCRIPTORS:
        table[PLAIN + name] = table[name] * random.uniform(0.3, 1, len(table))
    manifest = pd.DataFrame({"utterance": table["utterance"], "gender": genders, "split": random.choice(["a", "b"], len(table))})
    return table, manifest
