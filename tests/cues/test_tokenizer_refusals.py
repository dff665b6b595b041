"""Corpora on which no tokenizer can be fitted."""

import numpy as np
import pytest

from cuealign.core.errors import InputError
from cuealign.core.vocabulary import TOKENS, UNVOICED, VOICED_DESCRIPTORS
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import ALL, USES, random_descriptors


@pytest.mark.parametrize("name", sorted(set().union(*USES.values())))
def test_descriptor_without_spread_is_refused_by_name(name):
    descriptors, genders = random_descriptors(20)
    # A constant but for one utterance in ten: the range is not zero, the interquartile range is.
    descriptors[name] = np.where(np.arange(203) % 10 == 0, np.arange(203.0), 7.0)
    with pytest.raises(InputError) as caught:
        ConceptTokenizer().fit(descriptors, genders)
    assert name in str(caught.value)
    assert [other for other in ALL if other in str(caught.value)] == [name]


@pytest.mark.parametrize("voiced", [0, 1, 4, 5])
def test_unvoiced_utterances_do_not_count_towards_the_five(voiced):
    descriptors, _ = random_descriptors(25, unvoiced=0)
    genders = ["male"] * 60 + ["female"] * 143
    descriptors.loc[voiced:59, list(VOICED_DESCRIPTORS)] = np.nan
    tokenizer = ConceptTokenizer(gender_specific=("PITCH",))
    if voiced == 5:
        tokens = tokenizer.fit(descriptors, genders).transform(descriptors, genders)["PITCH"]
        assert set(tokens.head(5)) == set(TOKENS["PITCH"])
        assert set(tokens[5:60]) == {UNVOICED}
    else:
        with pytest.raises(InputError):
            tokenizer.fit(descriptors, genders)


@pytest.mark.parametrize("voiced", [0, 1, 4])
def test_corpus_with_fewer_than_five_voiced_utterances_is_refused(voiced):
    descriptors, genders = random_descriptors(26, unvoiced=0)
    descriptors.loc[voiced:, list(VOICED_DESCRIPTORS)] = np.nan
    with pytest.raises(InputError):
        ConceptTokenizer().fit(descriptors, genders)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_corpus_of_fewer_than_five_utterances_is_refused(n):
    descriptors, genders = random_descriptors(27, unvoiced=0)
    with pytest.raises(InputError):
        ConceptTokenizer().fit(descriptors.head(n), genders[:n])
