"""Results of the small study."""

import pandas as pd
import pytest

from cuealign.reporting.results import Results
from tests.support import ROOT
from tests.support.workflow import results_of


@pytest.fixture(scope="session")
def results(small_study, small_settings) -> Results:
    return results_of(small_study, small_settings)


@pytest.fixture(scope="session")
def bare(results) -> Results:
    """A study in which nothing was run."""
    return Results(results.results, [], results.datasets, results.models, results.statistics)


@pytest.fixture(scope="session")
def published() -> pd.DataFrame:
    return pd.read_csv(ROOT / "resources/published.csv", dtype={"model": str, "p": str}, keep_default_na=False, na_values={"value": [""]})
