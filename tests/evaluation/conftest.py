"""Fixtures of the tests of evaluation."""

import pandas as pd
import pytest

from tests.support.predictions import evaluate, oracle, random_predictions
from tests.support.prompts import random_tokens
from tests.support.responses import five_utterances, responses_to


@pytest.fixture(scope="module", params=[0, 1])
def study(request):
    return random_predictions(request.param)


@pytest.fixture(scope="module")
def metrics(study):
    return evaluate(study)


@pytest.fixture(scope="module")
def expected(study):
    return oracle(study)


@pytest.fixture
def manifest() -> pd.DataFrame:
    return five_utterances()


@pytest.fixture
def condition(manifest) -> pd.DataFrame:
    return random_tokens(list(manifest["utterance"]))


@pytest.fixture
def responses(manifest, condition) -> pd.DataFrame:
    return responses_to(manifest, condition)
